import { afterAll, beforeAll, describe } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { describeExplore } from './dashboard/explore.ts';
import { describeIngestion } from './dashboard/ingestion.ts';
import { describeOverview } from './dashboard/overview.ts';
import { describeQuality } from './dashboard/quality.ts';
import { openSite, type Site } from './dashboard/site.ts';
import { describeViews } from './dashboard/views.ts';

describe.skipIf(!hasBrowser)('the dashboard in a browser', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site.close());

  describe('overview', () => describeOverview(() => site));
  describe('explore', () => describeExplore(() => site));
  describe('data quality', () => describeQuality(() => site));
  describe('saved views', () => describeViews(() => site));
  // Last: its sources fail in the end.
  describe('ingestion', () => describeIngestion(() => site));
});

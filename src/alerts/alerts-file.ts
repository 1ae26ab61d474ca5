import { defaultWorkspace, workspaceName } from '../access/workspaces.ts';
import { isObject } from '../formats/json/parse.ts';
import { catalogueOf, type Model } from '../metrics/model.ts';
import { fieldOf, type MeasureName, snakeCase } from '../metrics/registry.ts';
import { readCondition } from '../model/condition.ts';
import { below, type Report } from '../model/report.ts';
import { readText } from '../model/texts.ts';
import { noSuch } from '../nearest.ts';
import { namePattern, nameText } from '../records/names.ts';
import { formatProblems, type Problem } from '../yaml-file/places.ts';
import { type FileName, readYamlFile, wrongFile } from '../yaml-file/read-yaml-file.ts';
import { type Alert, type AlertComparison, comparisons } from './alert.ts';

const mostAlerts = 100;
const mostDays = 366;
const keys = ['name', 'description', 'workspace', 'measure', 'where', 'last_days', ...comparisons] as const;

/**
 * Reads the file of alerts.
 *
 * @param model whose measures can be named beside those of every installation
 * @throws UtmqlError CONFIGURATION that lists every problem with its path, line and accepted values
 */
export async function readAlertsFile(file: string, model: Model | undefined): Promise<readonly Alert[]> {
  const name: FileName = { variable: 'ALERTS_FILE', what: 'alerts file', file };
  const yaml = await readYamlFile(name);
  const { content } = yaml;
  // Guards against a path to another file, such as a password file: neither its values nor its keys may be shown.
  if (!isObject(content) || !Array.isArray(content.alerts))
    throw wrongFile(name, ['the file: expected a list named alerts']);
  const problems: Problem[] = [];
  const report: Report = (path, text) => problems.push({ path, text });
  for (const key of Object.keys(content))
    if (key !== 'alerts') report([key], noSuch('section', key, ['alerts']));
  const written: readonly unknown[] = content.alerts;
  if (written.length > mostAlerts)
    report(['alerts'], `has ${written.length} alerts; at most ${mostAlerts} can be defined`);
  const alerts = written.flatMap(
    (each, index) => readAlert(each, model, below(report, 'alerts', index)) ?? [],
  );
  const seen = new Set<string>();
  for (const [index, each] of written.entries()) {
    if (!isObject(each) || typeof each.name !== 'string') continue;
    const key = JSON.stringify([each.workspace ?? defaultWorkspace, each.name]);
    if (seen.has(key)) report(['alerts', index, 'name'], 'is the name of another alert; choose another');
    seen.add(key);
  }
  if (problems.length > 0) throw wrongFile(name, formatProblems(problems, yaml));
  return alerts;
}

/** Undefined where something is wrong, which is reported. */
function readAlert(written: unknown, model: Model | undefined, report: Report): Alert | undefined {
  if (!isObject(written)) {
    report([], `expected an alert with ${keys.slice(0, 4).join(', ')} and one of ${comparisons.join(', ')}`);
    return undefined;
  }
  for (const key of Object.keys(written))
    if (!keys.some((known) => known === key)) report([key], noSuch('key', key, keys));
  const name = readName(written.name, below(report, 'name'));
  const description =
    written.description === undefined
      ? ''
      : readText(written.description, below(report, 'description'), 'say in a sentence what it means');
  const workspace = readWorkspace(written.workspace, below(report, 'workspace'));
  const measure = readMeasure(written.measure, model, below(report, 'measure'));
  const where =
    written.where === undefined ? undefined : readCondition(written.where, 'records', below(report, 'where'));
  const lastDays = readDays(written.last_days, below(report, 'last_days'));
  const compared = readComparison(written, report);
  if (written.where !== undefined && where === undefined) return undefined;
  if (name === undefined || description === undefined || workspace === undefined) return undefined;
  if (measure === undefined || lastDays === undefined || compared === undefined) return undefined;
  return { name, description, workspace, measure, where, lastDays, ...compared };
}

function readName(written: unknown, report: Report): string | undefined {
  const text = readText(written, report, 'give it one, such as cpa_too_high');
  if (text === undefined || namePattern.test(text)) return text;
  report([], `is no name; ${nameText}`);
  return undefined;
}

function readWorkspace(written: unknown, report: Report): string | undefined {
  if (written === undefined) return defaultWorkspace;
  const read = workspaceName.safeParse(written);
  if (read.success) return read.data;
  report([], read.error.issues[0]?.message ?? 'is no name of a workspace');
  return undefined;
}

function readMeasure(written: unknown, model: Model | undefined, report: Report): MeasureName | undefined {
  const text = readText(written, report, 'name a measure, such as cpa');
  if (text === undefined) return undefined;
  const known = new Map(catalogueOf(model).measures.map((name) => [snakeCase(fieldOf(name)), name]));
  const found = known.get(text);
  if (found === undefined) report([], noSuch('measure', text, [...known.keys()]));
  return found;
}

function readDays(written: unknown, report: Report): number | undefined {
  if (written === undefined) return 1;
  if (typeof written === 'number' && Number.isInteger(written) && written >= 1 && written <= mostDays)
    return written;
  report([], `expected a whole number of days, 1 to ${mostDays}`);
  return undefined;
}

function readComparison(
  written: Readonly<Record<string, unknown>>,
  report: Report,
): { readonly comparison: AlertComparison; readonly threshold: number } | undefined {
  const [comparison, ...others] = comparisons.filter((name) => name in written);
  if (comparison === undefined || others.length > 0) {
    report([], `expected ${comparison === undefined ? 'one' : 'only one'} of ${comparisons.join(', ')}`);
    return undefined;
  }
  const threshold = written[comparison];
  const isRelative = comparison === 'rises_by' || comparison === 'falls_by';
  if (typeof threshold !== 'number' || !Number.isFinite(threshold)) {
    report([comparison], isRelative ? 'expected a fraction, such as 0.2 for 20 %' : 'expected a number');
    return undefined;
  }
  if (isRelative && (threshold <= 0 || (comparison === 'falls_by' && threshold >= 1))) {
    report([comparison], 'expected a fraction above 0, such as 0.2 for 20 %; nothing falls by 1 or more');
    return undefined;
  }
  return { comparison, threshold };
}

import {
  DashboardCampaignNamesDocument,
  DashboardExploreDocument,
  DashboardOverviewDocument,
  type SharedQuestionInput,
} from '../../../schema/generated/dashboard/graphql.ts';
import { idOf } from '../api/ask.ts';
import { exploreVariables, parseExplore } from '../explore/explore-view.ts';
import { campaignNamesVariables, overviewVariables, parseOverviewChoice } from '../overview/overview-view.ts';
import { parseView } from '../view/view.ts';

/** All that the page asks for an address, which a link to it answers; undefined for pages that show more than figures. */
export function questionsOf(address: string): SharedQuestionInput[] | undefined {
  // The origin does not matter: addresses of views begin with a path.
  const { pathname, searchParams } = new URL(address, 'http://utmql');
  const view = parseView(searchParams);
  switch (pathname) {
    case '/explore':
      return [
        {
          documentId: idOf(DashboardExploreDocument),
          variables: exploreVariables(view, parseExplore(searchParams)),
        },
      ];
    case '/':
      return [
        {
          documentId: idOf(DashboardOverviewDocument),
          variables: overviewVariables(view, parseOverviewChoice(searchParams, null)),
        },
        { documentId: idOf(DashboardCampaignNamesDocument), variables: campaignNamesVariables(view) },
      ];
    default:
      return undefined;
  }
}

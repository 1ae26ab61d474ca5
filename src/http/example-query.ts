/** What GraphiQL opens on and runs. */
export const exampleQuery = `# What did we spend, and what came of it?
# Ctrl-Enter runs it again; the schema is at the left.
query ChannelPerformance {
  metrics(
    dateRange: { last: { count: 30, unit: DAY } }
    groupBy: [CHANNEL]
    orderBy: [{ measure: COST, direction: DESC }]
  ) {
    nodes {
      channel
      cost
      clicks
      leads
      closedWon
      revenue
      cpc
      cpa
      cvrLeadToOpp
      roas
    }
    totals { cost leads revenue cpa roas }
    totalCount
    meta { from to freshness elapsedMs }
  }
}
`;

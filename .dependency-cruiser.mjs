// Imports go one way: no file, and no folder, comes round to itself. Part of `npm run lint`.
export default {
  forbidden: [
    { name: 'no-circular-files', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-circular-folders',
      severity: 'error',
      scope: 'folder',
      // The files at the root of `src` compose the rest.
      from: { path: '^src/.' },
      to: { circular: true, viaOnly: { path: '^src/.' } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.json'] },
  },
};

import { defineConfig } from 'vite';

// One script and one style sheet under fixed names: the program embeds them by name.
export default defineConfig({
  base: '/graphiql/',
  build: {
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      input: 'graphiql.html',
      output: {
        codeSplitting: false,
        entryFileNames: 'graphiql.js',
        assetFileNames: 'graphiql[extname]',
      },
      // `use client` means nothing to a bundle.
      onwarn: (warning, warn) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || warn(warning),
    },
    chunkSizeWarningLimit: 2000,
    target: 'es2022',
  },
});

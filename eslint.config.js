import js from '@eslint/js';
import globals from 'globals';

/** What browsers, workers and Node all have; each folder below adds its own. */
const everywhere = globals['shared-node-browser'];

export default [
    { ignores: ['**/build/', 'build-*/', 'tests/package/templates/next/', 'web/api/', 'runs/', 'node_modules/', 'wasm/vendor/'] },
    js.configs.recommended,
    {
        languageOptions: { ecmaVersion: 2023, sourceType: 'module', globals: everywhere },
        linterOptions: { reportUnusedDisableDirectives: 'error' },
        rules: {
            'array-callback-return': 'error',
            'consistent-return': 'error',
            'default-case-last': 'error',
            eqeqeq: 'error',
            'no-alert': 'error',
            'no-constructor-return': 'error',
            'no-else-return': 'error',
            'no-eval': 'error',
            'no-implicit-coercion': 'error',
            'no-implied-eval': 'error',
            'no-lonely-if': 'error',
            'no-new-func': 'error',
            'no-param-reassign': 'error',
            'no-promise-executor-return': 'error',
            'no-return-assign': 'error',
            'no-self-compare': 'error',
            'no-shadow': 'error',
            'no-template-curly-in-string': 'error',
            'no-throw-literal': 'error',
            'no-unmodified-loop-condition': 'error',
            'no-unreachable-loop': 'error',
            'no-unused-expressions': 'error',
            'no-unused-vars': ['error', { args: 'all', argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
            'no-use-before-define': ['error', { functions: false }],
            'no-var': 'error',
            'object-shorthand': 'error',
            'prefer-const': 'error',
            'prefer-object-has-own': 'error',
            'prefer-promise-reject-errors': 'error',
            'prefer-template': 'error',
            radix: 'error',
            'require-atomic-updates': 'off',
            yoda: 'error',
        },
    },
    { files: ['wasm/**/*.js'], languageOptions: { globals: { ...globals.browser, process: 'readonly' } } },
    { files: ['web/**/*.js'], languageOptions: { globals: { ...globals.browser, ...globals.serviceworker } } },
    {
        files: ['*.js', 'wasm/cli*.js', 'wasm/dicom/libraries-node.js', 'wasm/orthanc/*.js', 'wasm/package/*.js', 'web/serve.js', 'weights/*.js', 'tests/**/*.js'],
        languageOptions: { globals: globals.node },
    },
    { files: ['tests/web/**/*.js', 'tests/browsers/**/*.js', 'tests/orthanc/**/*.js', 'tests/bench/**/*.js', 'tests/package/**/*.js'], languageOptions: { globals: { ...globals.node, ...globals.browser } } },
];

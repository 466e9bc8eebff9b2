import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: globals.browser },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-shadow-restricted-names": "error",
      "no-implicit-globals": "error",
      "no-use-before-define": ["error", { functions: false, variables: false }],
      "object-shorthand": "error",
      "prefer-template": "error",
      "no-else-return": "error",
      "no-self-compare": "error",
      "no-unused-expressions": ["error", { allowShortCircuit: true }],
      "max-lines": ["error", 400],
      "max-len": ["error", { code: 140 }],
    },
  },
];

; suffixes: js mjs cjs
; Each pattern names a template with #set! and what may stand at @at instead, the likeliest first,
; parted by ";". {} is the text itself, {one} that of the capture @one, {name} each other name of the
; function, {+1} and {-1} the number one more and one less.

; Where things are.
(function_declaration name: (identifier) @called) @function
(method_definition name: (_) @called) @function
(variable_declarator name: (identifier) @called value: [(arrow_function) (function_expression)]) @function
(formal_parameters (identifier) @name)
(variable_declarator name: (identifier) @name)
(for_in_statement left: (identifier) @name)
(arrow_function parameter: (identifier) @name)

; Operators.
((binary_expression operator: "<" @at) (#set! "comparator" "<=;>;>="))
((binary_expression operator: "<=" @at) (#set! "comparator" "<;>=;>"))
((binary_expression operator: ">" @at) (#set! "comparator" ">=;<;<="))
((binary_expression operator: ">=" @at) (#set! "comparator" ">;<=;<"))
((binary_expression operator: "===" @at) (#set! "comparator" "!==;<=;>="))
((binary_expression operator: "!==" @at) (#set! "comparator" "===;<;>"))
((binary_expression operator: "==" @at) (#set! "comparator" "!=;==="))
((binary_expression operator: "!=" @at) (#set! "comparator" "==;!=="))
((binary_expression operator: "+" @at) (#set! "arithmetic" "-;*"))
((binary_expression operator: "-" @at) (#set! "arithmetic" "+;*;/"))
((binary_expression operator: "*" @at) (#set! "arithmetic" "/;+;**"))
((binary_expression operator: "/" @at) (#set! "arithmetic" "*;%;-"))
((binary_expression operator: "%" @at) (#set! "arithmetic" "/;*"))
((augmented_assignment_expression operator: "+=" @at) (#set! "arithmetic" "-=;*=;="))
((augmented_assignment_expression operator: "-=" @at) (#set! "arithmetic" "+=;="))
((augmented_assignment_expression operator: "*=" @at) (#set! "arithmetic" "+=;/="))
((update_expression operator: "++" @at) (#set! "arithmetic" "--"))
((update_expression operator: "--" @at) (#set! "arithmetic" "++"))
((binary_expression operator: "&&" @at) (#set! "connective" "||"))
((binary_expression operator: "||" @at) (#set! "connective" "&&;??"))

; Conditions.
((if_statement condition: (parenthesized_expression (_) @at)) (#set! "negation" "!({})"))
((ternary_expression condition: (_) @at) (#set! "negation" "!({})"))
((unary_expression operator: "!" argument: (_) @inner) @at (#set! "negation" "{inner}"))
((binary_expression left: (_) @one operator: ["&&" "||"] right: (_) @two) @at
  (#set! "condition part" "{one};{two}"))

; Constants.
((number) @at (#set! "number" "{+1};{-1};0;1;-1;2"))
((true) @at (#set! "flag" "false"))
((false) @at (#set! "flag" "true"))

; Positions.
((subscript_expression index: (_) @at) (#set! "off by one" "{} - 1;{} + 1"))
((for_statement condition: (binary_expression right: (_) @at)) (#set! "off by one" "{} - 1;{} + 1"))
((call_expression arguments: (arguments (_) @at)) (#set! "off by one" "{} + 1;{} - 1"))
((return_statement (_) @at) (#set! "off by one" "{} + 1;{} - 1"))

; Names and order.
((identifier) @at (#set! "variable" "{name}"))
((call_expression arguments: (arguments . (_) @one . (_) @two .) @at)
  (#set! "argument order" "({two}, {one})"))
((binary_expression left: (_) @one operator: ["-" "/" "%"] @by right: (_) @two) @at
  (#set! "operand order" "{two} {by} {one}"))

; Statements.
((expression_statement) @at (#set! "deletion" ""))

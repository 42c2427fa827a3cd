"""What definitions, calls, imports and inheritance look like in each language: tree-sitter queries.

Captures: `@function` and `@class` are definitions, `@call` the called name, `@import` a whole
import, `@bases` what the class around it inherits from, `@decorated` a definition with its
decorators, `@scope` what lends its name to definitions inside without being one (Rust's `impl`),
`@doc` documentation inside a definition.
"""

_JAVASCRIPT = """
[(function_declaration) (generator_function_declaration) (method_definition)] @function
(variable_declarator value: [(arrow_function) (function_expression)]) @function
(assignment_expression left: [(identifier) (member_expression)]
  right: [(arrow_function) (function_expression) (generator_function)]) @function
(pair key: (property_identifier)
  value: [(arrow_function) (function_expression) (generator_function)]) @function
(arguments (function_expression name: (_)) @function)
(variable_declarator value: (object)) @scope
(class_declaration) @class
(variable_declarator value: (class)) @class
(class_heritage) @bases
(call_expression function: [(identifier) @call
  (member_expression property: [(property_identifier) (private_property_identifier)] @call)])
(new_expression constructor: [(identifier) @call
  (member_expression property: (property_identifier) @call)])
(import_statement) @import
(export_statement source: (_)) @import
((call_expression function: [(identifier) @_called (import)] arguments: (arguments . (string))
  ) @import (#eq? @_called "require"))
"""
_FIELD = "({} value: [(arrow_function) (function_expression)]) @function"
_TYPESCRIPT = (
    _JAVASCRIPT
    + _FIELD.format("public_field_definition")
    + """
[(method_signature) (abstract_method_signature) (function_signature)] @function
[(interface_declaration) (abstract_class_declaration) (enum_declaration)
 (type_alias_declaration)] @class
(extends_type_clause) @bases
"""
)
_PYTHON = """
(function_definition) @function
(class_definition) @class
(class_definition superclasses: (_) @bases)
(decorated_definition) @decorated
(call function: [(identifier) @call (attribute attribute: (identifier) @call)])
[(import_statement) (import_from_statement)] @import
(expression_statement (string) @doc)
"""
_GO = """
[(function_declaration) (method_declaration) (method_elem)] @function
[(type_spec) (type_alias)] @class
(type_spec type: (struct_type (field_declaration_list
  (field_declaration !name type: (_) @bases))))
(type_spec type: (interface_type (type_elem) @bases))
(call_expression function: [(identifier) @call
  (selector_expression field: (field_identifier) @call)])
(type_conversion_expression type: (generic_type type: [(type_identifier) @call
  (qualified_type name: (type_identifier) @call)]))
(composite_literal type: [(type_identifier) @call
  (qualified_type name: (type_identifier) @call)])
(import_spec) @import
"""
_RUST = """
[(function_item) (function_signature_item) (macro_definition)] @function
[(struct_item) (enum_item) (trait_item) (union_item)] @class
(source_file (type_item) @class)
(mod_item body: (declaration_list (type_item) @class))
(impl_item) @scope
(trait_item bounds: (_) @bases)
(call_expression function: [(identifier) @call
  (field_expression field: (field_identifier) @call)
  (scoped_identifier name: (identifier) @call)
  (generic_function function: [(identifier) @call
    (field_expression field: (field_identifier) @call)
    (scoped_identifier name: (identifier) @call)])])
(struct_expression name: [(type_identifier) @call
  (scoped_type_identifier name: (type_identifier) @call)])
(macro_invocation macro: [(identifier) @call (scoped_identifier name: (identifier) @call)])
(token_tree (identifier) @call . (token_tree "("))
[(use_declaration) (extern_crate_declaration)] @import
"""
_JAVA = """
[(method_declaration) (constructor_declaration) (compact_constructor_declaration)
 (annotation_type_element_declaration)] @function
[(class_declaration) (interface_declaration) (enum_declaration) (record_declaration)
 (annotation_type_declaration)] @class
[(superclass) (super_interfaces) (extends_interfaces)] @bases
(method_invocation name: (identifier) @call)
(method_reference (identifier) @call .)
(object_creation_expression type: [(type_identifier) @call
  (generic_type [(type_identifier) @call (scoped_type_identifier (type_identifier) @call .)])
  (scoped_type_identifier (type_identifier) @call .)])
(import_declaration) @import
"""
_C = """
(function_definition) @function
(preproc_function_def) @function
[(struct_specifier name: (_) body: (_)) (union_specifier name: (_) body: (_))
 (enum_specifier name: (_) body: (_)) (type_definition)] @class
(call_expression function: [(identifier) @call
  (field_expression field: (field_identifier) @call)])
(preproc_include) @import
"""
_CPP = """
(function_definition) @function
(preproc_function_def) @function
[(class_specifier name: (_) body: (_)) (struct_specifier name: (_) body: (_))
 (union_specifier name: (_) body: (_)) (enum_specifier name: (_) body: (_))
 (concept_definition)] @class
(translation_unit [(type_definition) (alias_declaration)] @class)
(declaration_list [(type_definition) (alias_declaration)] @class)
(base_class_clause) @bases
(call_expression function: [(identifier) @call
  (template_function name: (identifier) @call)
  (field_expression field: [(field_identifier) @call
    (template_method name: (field_identifier) @call)
    (dependent_name (template_method name: (field_identifier) @call))])
  (qualified_identifier name: [(identifier) @call (template_function name: (identifier) @call)
    (qualified_identifier name: [(identifier) @call
      (template_function name: (identifier) @call)])])])
(new_expression type: [(type_identifier) @call (template_type name: (type_identifier) @call)
  (qualified_identifier name: (type_identifier) @call)])
(preproc_include) @import
"""
_C_SHARP = """
[(method_declaration) (constructor_declaration) (destructor_declaration)
 (local_function_statement) (operator_declaration) (conversion_operator_declaration)] @function
(property_declaration value: (_)) @function
(property_declaration accessors: (accessor_list (accessor_declaration body: (_)))) @function
[(class_declaration) (interface_declaration) (struct_declaration) (record_declaration)
 (enum_declaration) (delegate_declaration)] @class
(base_list) @bases
(invocation_expression function: [(identifier) @call (generic_name (identifier) @call)
  (member_access_expression name: [(identifier) @call (generic_name (identifier) @call)])
  (conditional_access_expression (member_binding_expression
    name: [(identifier) @call (generic_name (identifier) @call)]))])
(object_creation_expression type: [(identifier) @call (generic_name (identifier) @call)
  (qualified_name name: [(identifier) @call (generic_name (identifier) @call)])])
(using_directive) @import
"""
_PHP = """
[(function_definition) (method_declaration)] @function
[(class_declaration) (interface_declaration) (trait_declaration) (enum_declaration)] @class
[(base_clause) (class_interface_clause)] @bases
(declaration_list (use_declaration) @bases)
(function_call_expression function: [(name) @call (qualified_name (name) @call .)])
(member_call_expression name: (name) @call)
(nullsafe_member_call_expression name: (name) @call)
(scoped_call_expression name: (name) @call)
(object_creation_expression [(name) @call (qualified_name (name) @call .)])
[(namespace_use_declaration) (require_expression) (require_once_expression)
 (include_expression) (include_once_expression)] @import
"""
_RUBY = """
[(method) (singleton_method)] @function
[(class) (module)] @class
(class superclass: (_) @bases)
(call method: [(identifier) (constant)] @call)
(call receiver: [(constant) @call (scope_resolution name: (constant) @call)]
  method: (identifier) @_called (#eq? @_called "new"))
((call !receiver method: (identifier) @_called) @import
  (#any-of? @_called "require" "require_relative" "load" "autoload"))
(body_statement (call !receiver method: (identifier) @_called arguments: (_) @bases)
  (#any-of? @_called "include" "extend" "prepend"))
"""

QUERIES = {
    "py": _PYTHON,
    "pyi": _PYTHON,
    "js": _JAVASCRIPT + _FIELD.format("field_definition"),
    "mjs": _JAVASCRIPT + _FIELD.format("field_definition"),
    "cjs": _JAVASCRIPT + _FIELD.format("field_definition"),
    "jsx": _JAVASCRIPT + _FIELD.format("field_definition"),
    "ts": _TYPESCRIPT,
    "mts": _TYPESCRIPT,
    "cts": _TYPESCRIPT,
    "tsx": _TYPESCRIPT,
    "go": _GO,
    "rs": _RUST,
    "java": _JAVA,
    "c": _C,
    "h": _C,
    "cpp": _CPP,
    "cs": _C_SHARP,
    "php": _PHP,
    "rb": _RUBY,
}
"""The query of each suffix that `grammars.language_of` gives."""

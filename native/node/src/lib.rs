//! N-API bindings: only glue, not one KERI rule.

//! When to send: the whole plan of an open model, made before the run.

//! Whole-program tests, in one binary so that torch is linked once.

mod bad_input;
mod candidates;
mod ci_examples;
mod compare;
mod console;
mod exec;
mod files;
mod forward;
mod from_files;
mod fused;
mod fused_cuda;
mod gate;
mod golden;
mod gpu;
mod gpu_run;
mod history;
mod hostile;
mod kill;
mod limits;
mod malformed;
mod process;
mod processors;
mod runs;
mod subjects;
mod support;

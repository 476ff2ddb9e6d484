//! Small workspaces with one planted fault each, and their likes without it.

mod circles;
mod forbidden;
mod macros;
mod map;
mod program;
mod support;
mod unreadable;

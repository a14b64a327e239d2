//! What goes over the line, sans I/O: answers cut out of bytes and read, commands written.
//!
//! Answers are read into plain trees first, since real servers send NIL where a string belongs (RFC 9051 forbids
//! it) and readers that hold them to the grammar then lose the whole connection over one message.

pub mod command;
pub mod frame;
pub mod response;
pub mod utf7;
pub mod value;

pub use command::Command;
pub use response::{Code, Data, Response, State};
pub use value::Value;

//! `[web]` and `[policy]`: ways in for agents, and what they may not do by themselves.

use super::read::section;

section! {
    /// The API over HTTP.
    pub struct Web {
        /// Address to listen on (`127.0.0.1:7171`); without one nothing listens.
        pub listen: Option<String> = None,
        /// Host names under which it is called from other machines; needed when it listens beyond this one.
        pub names: Vec<String> = Vec::new(),
    }
}

section! {
    /// What an agent may not do by itself: it waits until a person has approved it.
    pub struct Policy {
        /// Highest discount that an agent may give, in percent.
        pub most_discount_percent: f64 = 15.0,
        /// Agents may send mail to people outside.
        pub agents_write_to_customers: bool = false,
    }
}

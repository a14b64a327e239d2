//! Notifications by mail, through any submission server.

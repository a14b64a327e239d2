//! What single formulas promise; the sum of them is checked against plain SQL beside the API.

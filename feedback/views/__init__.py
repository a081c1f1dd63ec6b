"""Pages of feedback: what customers see behind the links of their mails, and the settings."""

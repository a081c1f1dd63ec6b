"""What people and the clock change of reports: annotations, alarms, saved reports and their mails."""

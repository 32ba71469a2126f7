"""E-mail behind the port `domains.messaging.ports.LetterChannel`: any SMTP server, by aiosmtplib."""

"""SMS behind the port `domains.messaging.ports.LetterChannel`: Twilio's Messages API, which others speak too."""

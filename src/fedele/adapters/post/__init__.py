"""The carriers of letters that settings ask for: `adapters/mail` and `adapters/sms`, opened."""

"""Ways to deliver a one-time code, behind `domains.auth.ports.OtpDelivery`. E-mail and SMS come with their channels."""

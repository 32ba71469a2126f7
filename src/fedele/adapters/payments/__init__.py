"""Who moves the money of paid memberships: the retailer's own payment service over HTTP, or nobody."""

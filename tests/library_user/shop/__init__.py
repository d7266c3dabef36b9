"""The shop: pages behind a load balancer, orders that are worked on behind a queue, one database."""

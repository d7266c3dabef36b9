"""The way in from the Internet: names, certificates, load balancer, rules, content delivery."""

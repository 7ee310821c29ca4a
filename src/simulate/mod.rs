//! Floor 1: a fleet of firewalls in virtual time, CloudWatch's alarms and Auto Scaling's policies over it. Pure.

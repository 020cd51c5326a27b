"""What AWS documents: ARNs, policies, actions, condition keys and operators, quotas."""

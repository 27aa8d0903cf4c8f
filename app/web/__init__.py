"""What all routes share: context, templates, headers, errors, caching, logging."""

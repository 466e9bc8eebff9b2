"""Every kind of feature map at every scale."""

extension Tensor {
  /// Whether no recorded operation made this tensor: only such a one collects a gradient.
  public var isLeaf: Bool { history == nil }
}

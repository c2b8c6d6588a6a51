extension Profile {
  /// What `measure` found; times in seconds.
  public struct Report: Sendable {
    /// One kind of operator, forward or backward; "other" is time in none.
    public struct Operator: Sendable {
      public let name: String
      public let isBackward: Bool
      public let calls: Int
      /// With the operators that it called.
      public let total: Double
      public let own: Double
      /// Floating-point operations; 0 where they are not counted.
      public let flops: Double
    }
    /// One place among the layers: "critics / Linear 23x256"; "" is outside of all.
    public struct Layer: Sendable {
      public let path: String
      public let calls: Int
      /// With the layers inside it.
      public let forward: Double
      public let backward: Double
      /// Without them, both ways.
      public let own: Double
    }

    public let seconds: Double
    /// By their own time, the longest first. Own times add up to `seconds`.
    public let operators: [Operator]
    /// The same for layers.
    public let layers: [Layer]

    init(_ profile: Profile) {
      struct Kind: Hashable { let operation: Int, isBackward: Bool }
      var kinds: [Kind: Record] = [:]
      var (forward, backward) = ([Double](repeating: 0, count: profile.scopes.count), [Double](repeating: 0, count: profile.scopes.count))
      for (key, record) in profile.records {
        kinds[Kind(operation: key.operation, isBackward: key.isBackward), default: Record()].add(record)
        if key.isBackward { backward[key.scope] += record.own.seconds } else { forward[key.scope] += record.own.seconds }
      }
      operators = kinds.map { kind, record in
        Operator(
          name: profile.operations[kind.operation], isBackward: kind.isBackward, calls: record.calls,
          total: kind.operation == Profile.other ? record.own.seconds : record.total.seconds, own: record.own.seconds, flops: record.flops)
      }.sorted { ($1.own, $0.name) < ($0.own, $1.name) }
      seconds = operators.reduce(0) { $0 + $1.own }

      let own = zip(forward, backward).map { $0 + $1 }
      // A layer's number is higher than that of the one around it.
      for number in profile.scopes.indices.dropFirst().reversed() {
        let parent = profile.scopes[number].parent
        forward[parent] += forward[number]
        backward[parent] += backward[number]
      }
      var paths = [""]
      for scope in profile.scopes.dropFirst() { paths.append(paths[scope.parent].isEmpty ? scope.label : paths[scope.parent] + " / " + scope.label) }
      layers = profile.scopes.indices.map { number in
        Layer(path: paths[number], calls: profile.entries[number], forward: forward[number], backward: backward[number], own: own[number])
      }.sorted { ($1.own, $0.path) < ($0.own, $1.path) }
    }
  }
}

extension Profile.Record {
  fileprivate mutating func add(_ other: Profile.Record) {
    calls += other.calls
    total += other.total
    own += other.own
    flops += other.flops
  }
}

extension UInt64 {
  /// Nanoseconds.
  fileprivate var seconds: Double { Double(self) * 1e-9 }
}

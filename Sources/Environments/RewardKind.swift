/// Whether a task with a goal pays on the way there too.
public enum RewardKind: String, Codable, CaseIterable, Sendable {
  case sparse, dense
}

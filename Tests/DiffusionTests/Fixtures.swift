/// A file of Tests/Fixtures, which several targets read.
func sharedFixture(_ name: String) -> String {
  "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Fixtures/" + name
}

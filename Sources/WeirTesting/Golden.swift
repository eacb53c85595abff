// Text that people and mail servers read, beside the text that was reviewed: a change shows as a line, not as a surprise.

/// Compares text with what a golden file holds.
public enum Golden {
    /// Where a text first differs from what is expected, in words; nil where it does not.
    public static func difference(_ found: String, from expected: String, file: String) -> String? {
        guard found != expected else { return nil }
        let (new, old) = (lines(found), lines(expected))
        let line = zip(new, old).enumerated().first { $1.0 != $1.1 }?.offset ?? min(new.count, old.count)
        return
            "\(file):\(line + 1): expected \(show(old, line)), found \(show(new, line)). Where the new text is right, `make golden` writes it, and git diff shows it to the reviewer"
    }

    /// The lines of a text.
    private static func lines(_ text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// A line in quotes.
    private static func show(_ lines: [Substring], _ line: Int) -> String {
        line < lines.count ? "\"\(lines[line])\"" : "the end"
    }
}

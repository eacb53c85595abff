// Counts as columns of block characters.

/// Counts over time, gathered to the columns that there are.
struct BlockChart {
    /// The count of each column.
    let columns: [Int]
    /// True for columns a third or more of whose count is marked.
    let isMarked: [Bool]
    /// Entries gathered in a column.
    let step: Int

    /// Eighths of a block.
    private static let eighths = Array(" ▁▂▃▄▅▆▇█")

    /// A chart of counts, of which some are marked, in at most so many columns.
    init(_ counts: [Int], marked: [Int] = [], columns most: Int) {
        let step = max(1, (counts.count + most - 1) / max(1, most))
        self.step = step
        func gathered(_ values: [Int]) -> [Int] {
            stride(from: 0, to: counts.count, by: step).map { start in
                guard start < values.count else { return 0 }
                return values[start..<min(values.count, start + step)].reduce(0, +)
            }
        }
        columns = gathered(counts)
        isMarked = zip(columns, gathered(marked)).map { $1 > 0 && $1 * 3 >= $0 }
    }

    /// The count of the highest column.
    var most: Int { columns.max() ?? 0 }

    /// The chart in rows from the top, each a run of pieces: marked columns as what looks stolen.
    func rows(_ height: Int, _ style: TextStyle = .plain) -> [[TextPiece]] {
        (0..<height).map { row in
            let floor = (height - 1 - row) * 8
            var pieces: [TextPiece] = []
            for (count, isMarked) in zip(columns, isMarked) {
                // What is there is seen, be it an eighth.
                let level = count == 0 ? 0 : max(1, (count * height * 8 + most / 2) / max(1, most))
                let mark = BlockChart.eighths[min(8, max(0, level - floor))]
                let look = isMarked ? TextStyle.alarm : style
                if let last = pieces.indices.last, pieces[last].style == look {
                    pieces[last].text.append(mark)
                } else {
                    pieces.append(TextPiece(String(mark), look))
                }
            }
            return pieces
        }
    }

    /// The marks under the columns, for those who see no colours.
    var marks: String { String(isMarked.map { $0 ? "▲" : " " }) }

    /// A bar of so many columns, filled by a share in percent.
    static func bar(_ percent: Int, _ width: Int) -> String {
        let filled = min(width, max(0, (percent * width + 50) / 100))
        return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    }
}

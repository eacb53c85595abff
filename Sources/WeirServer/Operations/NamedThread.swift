// Threads that `top -H` and `perf` show by their names.

import CLinux
import Foundation

/// Starts threads.
enum NamedThread {
    /// Starts a thread. Linux keeps fifteen bytes of its name. The name is given by the thread itself: Foundation's own name for
    /// it does not reach the kernel.
    static func start(_ name: String, stackBytes: Int? = nil, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread {
            weir_name_thread(name)
            body()
        }
        if let stackBytes { thread.stackSize = stackBytes }
        thread.start()
    }
}

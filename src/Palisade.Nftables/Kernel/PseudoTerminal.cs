namespace Palisade.Nftables.Kernel;

/// <summary>
/// A terminal without a screen: what is written to <see cref="Master"/> is typed, what a program prints is read there.
/// </summary>
public sealed unsafe class PseudoTerminal : IDisposable
{
    private const int ReadWrite = 0x2;
    private const int NotControlling = 0x100;
    private const int CloseOnExec = 0x80000;

    // asm-generic/ioctls.h.
    private const nuint SetLock = 0x40045431;
    private const nuint GetNumber = 0x80045430;
    private const nuint SetWindowSize = 0x5414;

    private readonly FileDescriptor _master;
    private readonly FileDescriptor _terminal;

    /// <summary>Opens one.</summary>
    /// <param name="poller">Waits for <see cref="Master"/>.</param>
    /// <exception cref="KernelException">There is no /dev/ptmx, or there are too many terminals.</exception>
    public PseudoTerminal(Poller poller)
    {
        _master = Open("/dev/ptmx");
        var unlocked = 0;
        var number = 0;
        if (Libc.ioctl(_master, SetLock, &unlocked) < 0 || Libc.ioctl(_master, GetNumber, &number) < 0)
            throw KernelException.Last("ioctl(/dev/ptmx)");
        Path = $"/dev/pts/{number}";
        _terminal = Open(Path);
        Master = new DescriptorStream(_master, poller);
    }

    /// <summary>The side of whoever types and reads; closed with this object.</summary>
    public DescriptorStream Master { get; }

    /// <summary>The file that programs open.</summary>
    public string Path { get; }

    /// <summary>Tells programs how large the screen is; the kernel sends them SIGWINCH.</summary>
    public void Resize(int columns, int rows)
    {
        // struct winsize: rows, columns, and two that nobody uses.
        var size = stackalloc ushort[4] { (ushort)rows, (ushort)columns, 0, 0 };
        try
        {
            _ = Libc.ioctl(_master, SetWindowSize, size);
        }
        catch (ObjectDisposedException)
        {
            // Its programs have ended.
        }
    }

    /// <summary>
    /// Leaves the terminal to the programs that have opened it: <see cref="Master"/> ends with the last of them.
    /// </summary>
    public void Release() => _terminal.Dispose();

    /// <inheritdoc/>
    public void Dispose()
    {
        _terminal.Dispose();
        Master.Dispose();
    }

    private static FileDescriptor Open(string path)
    {
        var number = Libc.open(path, ReadWrite | NotControlling | CloseOnExec);
        return number >= 0 ? new(number) : throw KernelException.Last($"open({path})");
    }
}

using System.Runtime.InteropServices;

namespace Palisade.Nftables.Kernel;

/// <summary>
/// A pipe's end, or a terminal's master, as a stream that occupies no thread while it waits. One reader and one writer
/// at a time; asynchronous only.
/// </summary>
public sealed class DescriptorStream : Stream
{
    private const int GetFlags = 3;
    private const int SetFlags = 4;
    private const int NonBlocking = 0x800;

    private readonly SafeHandle _handle;
    private readonly Poller _poller;
    private volatile bool _endsWhenEmpty;
    private volatile bool _isClosed;

    /// <summary>Reads or writes a descriptor, which does not block from now on.</summary>
    /// <param name="handle">The descriptor; closed with the stream.</param>
    /// <param name="poller">Waits.</param>
    public DescriptorStream(SafeHandle handle, Poller poller)
    {
        _handle = handle;
        _poller = poller;
        var flags = Libc.fcntl(handle, GetFlags, 0);
        if (flags < 0 || Libc.fcntl(handle, SetFlags, flags | NonBlocking) < 0)
            throw KernelException.Last("fcntl(O_NONBLOCK)");
    }

    /// <inheritdoc/>
    public override bool CanRead => !_isClosed;

    /// <inheritdoc/>
    public override bool CanWrite => !_isClosed;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    private int Number => (int)_handle.DangerousGetHandle();

    /// <summary>
    /// What is there is still read; then the stream ends, even if a process that nobody waits for holds the other end.
    /// </summary>
    public void EndWhenEmpty()
    {
        _endsWhenEmpty = true;
        if (!_isClosed)
            _poller.Forget(Number);
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel = default)
    {
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var isLastTry = _endsWhenEmpty;
            var read = TryRead(buffer.Span);
            if (read >= 0)
                return (int)read;
            if (isLastTry)
                return 0;
            await WaitAsync(write: false, cancel);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancel = default)
    {
        while (!buffer.IsEmpty)
        {
            cancel.ThrowIfCancellationRequested();
            var written = TryWrite(buffer.Span);
            if (written >= 0)
                buffer = buffer[(int)written..];
            else
                await WaitAsync(write: true, cancel);
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isClosed)
        {
            _isClosed = true;
            _poller.Forget(Number);
            _handle.Dispose();
        }

        base.Dispose(disposing);
    }

    private Task WaitAsync(bool write, CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        return _poller.WaitAsync(Number, write, () => _isClosed || (_endsWhenEmpty && !write), cancel);
    }

    /// <summary>How much was read, 0 at the end; -1: nothing yet.</summary>
    private unsafe nint TryRead(Span<byte> buffer)
    {
        fixed (byte* first = buffer)
            // EIO: the last process that had the terminal has closed it.
            return Judge(Libc.read(_handle, first, (nuint)buffer.Length), Errno.EIO);
    }

    /// <summary>How much was written; -1: nothing yet.</summary>
    private unsafe nint TryWrite(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* first = buffer)
            return Judge(Libc.write(_handle, first, (nuint)buffer.Length), 0);
    }

    private static nint Judge(nint result, int end)
    {
        if (result >= 0)
            return result;
        var error = Marshal.GetLastPInvokeError();
        if (error == end)
            return 0;
        return error is Errno.EAGAIN or Errno.EINTR
            ? -1
            : throw new IOException(Marshal.GetPInvokeErrorMessage(error));
    }
}

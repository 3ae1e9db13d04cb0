using System.IO.Pipes;
using Palisade.Nftables.Kernel;
using Xunit;

namespace Palisade.Nftables.Tests.Kernel;

/// <summary>Pipes and terminals without a thread for each.</summary>
public sealed class PollerTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Many_readers_wait_for_their_own_pipe()
    {
        using var poller = new Poller();
        var pipes = Enumerable.Range(0, 200).Select(_ => Pipe(poller)).ToList();
        var reads = pipes.Select(pipe => pipe.Read.ReadAsync(new byte[10]).AsTask()).ToList();
        Assert.All(reads, read => Assert.False(read.IsCompleted));
        for (var i = pipes.Count - 1; i >= 0; i--)
        {
            await pipes[i].Write.WriteAsync(new byte[1 + i % 10]);
            Assert.Equal(1 + i % 10, await reads[i].WaitAsync(_patience));
        }

        foreach (var (read, write) in pipes)
        {
            write.Dispose();
            Assert.Equal(0, await read.ReadAsync(new byte[10]).AsTask().WaitAsync(_patience));
            read.Dispose();
        }
    }

    [Fact]
    public async Task A_writer_waits_while_nobody_reads()
    {
        using var poller = new Poller();
        var (read, write) = Pipe(poller);
        var writing = write.WriteAsync(new byte[1 << 20]).AsTask();
        var left = 1 << 20;
        Assert.False(writing.IsCompleted);   // a pipe holds 64 kB
        while (left > 0)
            left -= await read.ReadAsync(new byte[100_000]).AsTask().WaitAsync(_patience);
        await writing.WaitAsync(_patience);
        writing = write.WriteAsync(new byte[1 << 20]).AsTask();
        read.Dispose();
        await Assert.ThrowsAsync<IOException>(() => writing.WaitAsync(_patience));
    }

    [Fact]
    public async Task Who_waits_is_freed_by_cancelling_ending_and_closing()
    {
        using var poller = new Poller();
        var (read, write) = Pipe(poller);
        using var cancel = new CancellationTokenSource();
        var reading = read.ReadAsync(new byte[10], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(_patience));

        // The writer stays; what it wrote is read, and then it is over.
        reading = read.ReadAsync(new byte[10]).AsTask();
        read.EndWhenEmpty();
        Assert.Equal(0, await reading.WaitAsync(_patience));
        await write.WriteAsync(new byte[3]);
        Assert.Equal(3, await read.ReadAsync(new byte[10]).AsTask().WaitAsync(_patience));
        Assert.Equal(0, await read.ReadAsync(new byte[10]).AsTask().WaitAsync(_patience));

        var (other, _) = Pipe(poller);
        reading = other.ReadAsync(new byte[10]).AsTask();
        other.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading.WaitAsync(_patience));
    }

    [Fact]
    public async Task A_terminal_ends_with_those_who_have_it_open()
    {
        using var poller = new Poller();
        using var terminal = new PseudoTerminal(poller);
        terminal.Resize(101, 33);
        using (var program = new FileStream(terminal.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            terminal.Release();
            await program.WriteAsync("said\n"u8.ToArray());
            var buffer = new byte[100];
            var length = await terminal.Master.ReadAtLeastAsync(buffer, 6).AsTask().WaitAsync(_patience);
            Assert.Equal("said\r\n"u8.ToArray(), buffer[..length]);
        }

        Assert.Equal(0, await terminal.Master.ReadAsync(new byte[10]).AsTask().WaitAsync(_patience));
    }

    private static (DescriptorStream Read, DescriptorStream Write) Pipe(Poller poller)
    {
        var server = new AnonymousPipeServerStream(PipeDirection.Out);
        GC.SuppressFinalize(server);   // its finalizer would close both ends, which the streams own now
        var write = new DescriptorStream(server.SafePipeHandle, poller);
        return (new DescriptorStream(server.ClientSafePipeHandle, poller), write);
    }
}

using System.IO.Pipelines;
using System.Text;
using Palisade.ApiServer;
using Palisade.Lab.Pods.Streams;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>The files behind kubectl logs: bounded, and read back as they were written.</summary>
public sealed class ContainerLogTests : IDisposable
{
    private const int LargestFile = 64 * 1024;
    private readonly string _directory = Directory.CreateTempSubdirectory("palisade-log-").FullName;
    private readonly Clock _clock = new();
    private readonly ContainerLog _log;

    public ContainerLogTests() => _log = new ContainerLog(_directory, "main", _clock, LargestFile);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Lines_come_back_however_they_were_cut()
    {
        var text = $"short\n{new string('x', 40_000)}\n\nlast without an end";
        _log.BeginRun();
        for (var at = 0; at < text.Length; at += 777)
            Say(text.Substring(at, Math.Min(777, text.Length - at)));
        _log.EndRun();
        Assert.Equal(text, await ReadAsync(new LogRequest()));
        Assert.Equal("\nlast without an end", await ReadAsync(new LogRequest { TailLines = 1 }));
        Assert.Equal("short\nxx", await ReadAsync(new LogRequest { LimitBytes = 8 }));
        // A time stands before each line, not before each piece of one.
        var stamped = await ReadAsync(new LogRequest { Timestamps = true });
        Assert.Equal(4, stamped.Split("2026-11-23T").Length - 1);
    }

    [Fact]
    public async Task Streams_and_times_are_told_apart()
    {
        _log.BeginRun();
        Say("out 1\n");
        _log.Append(true, "error 1\n"u8);
        _clock.Now += TimeSpan.FromMinutes(10);
        Say("out 2\n");
        _log.Append(true, "error 2\n"u8);
        Assert.Equal("error 1\nerror 2\n", await ReadAsync(new LogRequest { Stream = "Stderr" }));
        Assert.Equal("out 2\nerror 2\n", await ReadAsync(new LogRequest { Since = _clock.Now }));
        Assert.Equal("out 2\n", await ReadAsync(new LogRequest { Stream = "Stdout", TailLines = 1 }));
    }

    [Fact]
    public async Task Only_the_last_two_runs_are_kept_and_not_too_much_of_them()
    {
        for (var run = 0; run < 3; run++)
        {
            _log.BeginRun();
            for (var line = 0; line < 10_000; line++)
                Say($"run {run} line {line}\n");
            _log.EndRun();
        }

        var files = Directory.GetFiles(_directory);
        Assert.Equal(4, files.Length);
        Assert.All(files, file => Assert.True(new FileInfo(file).Length <= LargestFile + 100));
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.All(files, file => Assert.Equal(owner, File.GetUnixFileMode(file)));
        Assert.EndsWith("\nrun 2 line 9999\n", await ReadAsync(new LogRequest()), StringComparison.Ordinal);
        Assert.Equal("run 1 line 9999\n", await ReadAsync(new LogRequest { TailLines = 1 }, previous: true));
    }

    [Fact]
    public async Task A_follower_gets_every_line_over_many_files_and_ends_with_the_run()
    {
        const int lines = 20_000;
        _log.BeginRun();
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var following = Task.Run(async () =>
        {
            await LogReader.WriteAsync(
                _log, false, new LogRequest { Follow = true }, pipe.Writer.AsStream(), CancellationToken.None);
            await pipe.Writer.CompleteAsync();
        });
        using var reader = new StreamReader(pipe.Reader.AsStream());
        for (var line = 0; line < lines;)
        {
            // Half a file at once, which the reader has read before the next.
            for (var burst = 0; burst < 500; burst++)
                Say($"line {line + burst}\n");
            for (var burst = 0; burst < 500; burst++, line++)
                Assert.Equal($"line {line}", await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)));
        }

        Say("the end");
        _log.EndRun();
        Assert.Equal("the end", await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Null(await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)));
        await following;
    }

    [Fact]
    public void A_log_whose_directory_is_gone_holds_nobody_up()
    {
        _log.BeginRun();
        Directory.Delete(_directory, recursive: true);
        for (var line = 0; line < 10_000; line++)
            Say($"line {line}\n");
        _log.EndRun();
        Directory.CreateDirectory(_directory);
        Assert.False(_log.Has(previous: false));
    }

    private void Say(string text) => _log.Append(false, Encoding.UTF8.GetBytes(text));

    private async Task<string> ReadAsync(LogRequest request, bool previous = false)
    {
        var to = new MemoryStream();
        await LogReader.WriteAsync(_log, previous, request, to, CancellationToken.None);
        return Encoding.UTF8.GetString(to.ToArray());
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 11, 23, 7, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}

using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Palisade.ApiServer;

namespace Palisade.Lab.Pods.Streams;

/// <summary>Reads a <see cref="ContainerLog"/> as kubectl logs asks for it.</summary>
internal static class LogReader
{
    private const int Chunk = 64 * 1024;   // more than the longest record
    private const int TimeLength = 30;

    /// <summary>Writes what a request asks for; with follow, until the run ends.</summary>
    public static async Task WriteAsync(
        ContainerLog log, bool previous, LogRequest request, Stream to, CancellationToken cancel)
    {
        var skipped = 0L;
        if (request.TailLines is { } tail)
        {
            var lines = 0L;
            await foreach (var record in RecordsAsync(log, previous, follow: false, () => Task.CompletedTask, cancel))
                lines += IsWanted(record.Span, request) && IsEndOfLine(record.Span) ? 1 : 0;
            skipped = Math.Max(0, lines - tail);
        }

        var page = new Page(request, to, cancel);
        await foreach (var record in RecordsAsync(log, previous, request.Follow, page.FlushAsync, cancel))
        {
            if (!IsWanted(record.Span, request))
                continue;
            if (skipped > 0)
            {
                skipped -= IsEndOfLine(record.Span) ? 1 : 0;
                continue;
            }

            if (!await page.AddAsync(record))
                break;
        }

        await page.FlushAsync();
    }

    private static bool IsEndOfLine(ReadOnlySpan<byte> record) => record[ContainerLog.HeadLength - 2] == (byte)'F';

    private static bool IsWanted(ReadOnlySpan<byte> record, LogRequest request)
    {
        if (request.Stream is { } stream && record[TimeLength + 4] != (stream == "Stderr" ? 'e' : 'o'))
            return false;
        return request.Since is not { } since || (DateTimeOffset.TryParse(
            Encoding.ASCII.GetString(record[..TimeLength]), CultureInfo.InvariantCulture, out var time)
            && time >= since);
    }

    /// <summary>The records; a file's last line counts once it is whole.</summary>
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> RecordsAsync(
        ContainerLog log, bool previous, bool follow, Func<Task> beforeWait,
        [EnumeratorCancellation] CancellationToken cancel)
    {
        var (files, place) = log.Open(previous);
        follow &= !previous && place.IsOpen;
        var at = 0L;
        var buffer = new byte[Chunk];
        try
        {
            for (var i = 0; i < files.Count;)
            {
                // Asked for before the file is read, so that nothing can be written unseen in between.
                var changed = follow ? log.ChangedAsync() : Task.CompletedTask;
                var now = log.Now();
                while (Whole(files[i], buffer, ref at) is { IsEmpty: false } records)
                {
                    for (var rest = records; !rest.IsEmpty; rest = rest[(rest.Span.IndexOf((byte)'\n') + 1)..])
                    {
                        if (rest.Span.IndexOf((byte)'\n') is var length and >= ContainerLog.HeadLength)
                            yield return rest[..length];
                    }

                    cancel.ThrowIfCancellationRequested();
                }

                if (i == files.Count - 1 && follow && now.Run == place.Run)
                {
                    if (now.Part != place.Part)
                    {
                        (var next, place) = log.OpenNewest();
                        files.Add(next);
                    }
                    else if (now.IsOpen)
                    {
                        await beforeWait();
                        await changed.WaitAsync(cancel);
                        continue;
                    }
                }

                i++;
                at = 0;
            }
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
    }

    /// <summary>The next records of a file that are whole, with their ends.</summary>
    private static ReadOnlyMemory<byte> Whole(SafeFileHandle file, byte[] buffer, ref long at)
    {
        var read = RandomAccess.Read(file, buffer, at);
        var whole = buffer.AsSpan(0, read).LastIndexOf((byte)'\n') + 1;
        at += whole;
        return buffer.AsMemory(0, whole);
    }

    /// <summary>What is sent in one piece.</summary>
    private sealed class Page(LogRequest request, Stream to, CancellationToken cancel)
    {
        private readonly ArrayBufferWriter<byte> _text = new(Chunk);
        private long _left = request.LimitBytes ?? long.MaxValue;
        private bool _isNewLine = true;

        /// <summary>Adds a record's text; false: that is all that may be sent.</summary>
        public async Task<bool> AddAsync(ReadOnlyMemory<byte> record)
        {
            if (request.Timestamps && _isNewLine)
                Add(record.Span[..(TimeLength + 1)]);
            Add(record.Span[ContainerLog.HeadLength..]);
            _isNewLine = IsEndOfLine(record.Span);
            if (_isNewLine)
                Add("\n"u8);
            if (_text.WrittenCount >= Chunk / 2)
                await FlushAsync();
            return _left > 0;
        }

        public async Task FlushAsync()
        {
            await to.WriteAsync(_text.WrittenMemory, cancel);
            await to.FlushAsync(cancel);
            _text.ResetWrittenCount();
        }

        private void Add(ReadOnlySpan<byte> text)
        {
            text = text[..(int)Math.Min(text.Length, _left)];
            _text.Write(text);
            _left -= text.Length;
        }
    }
}

using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Palisade.Lab.Pods.Streams;

/// <summary>
/// What a container has said, in files as container runtimes write them: time, stream, F or P (more of the line
/// follows), text. The run that goes on and the one before it are kept, each in two files of limited size.
/// </summary>
internal sealed class ContainerLog
{
    /// <summary>How many bytes stand before a record's text: the time (30), " stdout F " (10).</summary>
    internal const int HeadLength = 40;

    /// <summary>The longest text of one record; longer lines have several.</summary>
    internal const int LongestText = 16 * 1024;

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _current;
    private readonly string _previous;
    private readonly TimeProvider _time;
    private readonly long _largestFile;
    private readonly Lock _gate = new();
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly ArrayBufferWriter<byte> _errors = new();
    private readonly ArrayBufferWriter<byte> _records = new();
    private FileStream? _file;
    private TaskCompletionSource? _changed;
    private int _run;
    private int _part;

    /// <summary>The log of a container, wherever its pod is in its life.</summary>
    /// <param name="directory">The pod's (<see cref="PodLogs"/>).</param>
    /// <param name="container">The container's name.</param>
    /// <param name="time">The clock of the records.</param>
    /// <param name="largestFile">When the next file of a run is begun.</param>
    public ContainerLog(string directory, string container, TimeProvider time, long largestFile = 8 << 20)
    {
        _current = Path.Combine(directory, container + ".log");
        _previous = Path.Combine(directory, container + ".previous.log");
        _time = time;
        _largestFile = largestFile;
    }

    /// <summary>Which part of which run is written at the moment, if one is.</summary>
    internal readonly record struct Place(int Run, int Part, bool IsOpen);

    /// <summary>Whether there is a run, or (previous) one before that.</summary>
    public bool Has(bool previous) => File.Exists(previous ? _previous : _current);

    /// <summary>A new run: what there was becomes the previous one.</summary>
    public void BeginRun() => Try(() =>
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_current)!, OwnerOnly | UnixFileMode.UserExecute);
        if (File.Exists(_current))
        {
            File.Delete(Older(_previous));
            File.Move(_current, _previous, overwrite: true);
            if (File.Exists(Older(_current)))
                File.Move(Older(_current), Older(_previous), overwrite: true);
        }

        _run++;
        _part = 0;
        _file = Create();
    });

    /// <summary>Takes what the container wrote.</summary>
    public void Append(bool isError, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            var pending = isError ? _errors : _output;
            while (!bytes.IsEmpty)
            {
                var end = bytes.IndexOf((byte)'\n');
                var text = end < 0 ? bytes : bytes[..end];
                var room = LongestText - pending.WrittenCount;
                if (text.Length > room)
                {
                    pending.Write(text[..room]);
                    Record(isError, 'P');
                    bytes = bytes[room..];
                    continue;
                }

                pending.Write(text);
                if (end < 0)
                    break;
                Record(isError, 'F');
                bytes = bytes[(end + 1)..];
            }

            Write();
        }
    }

    /// <summary>The run is over; a line without an end is part of it.</summary>
    public void EndRun() => Try(() =>
    {
        foreach (var isError in (bool[])[false, true])
        {
            if ((isError ? _errors : _output).WrittenCount > 0)
                Record(isError, 'P');
        }

        Write();
        _file?.Dispose();
        _file = null;
    });

    /// <summary>Is completed by the next change.</summary>
    internal Task ChangedAsync()
    {
        lock (_gate)
            return (_changed ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    /// <summary>Where the writer is.</summary>
    internal Place Now()
    {
        lock (_gate)
            return new(_run, _part, _file is not null);
    }

    /// <summary>The files of a run, the oldest first, and where the writer was then.</summary>
    internal (List<SafeFileHandle> Files, Place Place) Open(bool previous)
    {
        lock (_gate)
        {
            var newest = previous ? _previous : _current;
            string[] paths = [Older(newest), newest];
            return ([.. paths.Where(File.Exists).Select(OpenFile)], Now());
        }
    }

    /// <summary>The file that is written now.</summary>
    internal (SafeFileHandle File, Place Place) OpenNewest()
    {
        lock (_gate)
            return (OpenFile(_current), Now());
    }

    private static string Older(string path) => path + ".1";

    private static SafeFileHandle OpenFile(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private FileStream Create() => new(_current, new FileStreamOptions
    {
        Mode = FileMode.Create,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite | FileShare.Delete,
        UnixCreateMode = OwnerOnly,
        BufferSize = 0,
    });

    private void Record(bool isError, char flag)
    {
        var pending = isError ? _errors : _output;
        var time = _time.GetUtcNow().ToString(TimeFormat, CultureInfo.InvariantCulture);
        Encoding.ASCII.GetBytes($"{time} {(isError ? "stderr" : "stdout")} {flag} ", _records);
        _records.Write(pending.WrittenSpan);
        _records.Write("\n"u8);
        pending.ResetWrittenCount();
    }

    private void Write() => Try(() =>
    {
        _file?.Write(_records.WrittenSpan);
        _records.ResetWrittenCount();
        if (_file is null || _file.Length < _largestFile)
            return;
        _file.Dispose();
        _file = null;
        File.Move(_current, Older(_current), overwrite: true);
        _part++;
        _file = Create();
    });

    // A full disk, or a directory that was deleted with its pod, takes the lines and not the container.
    private void Try(Action step)
    {
        lock (_gate)
        {
            try
            {
                step();
            }
            catch (Exception lost) when (lost is IOException or UnauthorizedAccessException)
            {
                _records.ResetWrittenCount();
            }

            _changed?.TrySetResult();
            _changed = null;
        }
    }
}

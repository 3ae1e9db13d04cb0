namespace Palisade.Kubernetes.Client;

/// <summary>Splits a stream into lines (a watch and a flow log send one JSON object a line).</summary>
/// <param name="stream">What to read.</param>
/// <param name="maxLine">Bytes of a line, at most; its buffer doubles from 64 KiB until it has as many.</param>
public sealed class LineReader(Stream stream, int maxLine = LineReader.MaxEvent)
{
    // 16 MiB: etcd refuses objects over 1.5 MiB, and JSON at most escapes each byte sixfold.
    private const int MaxEvent = 16 << 20;

    private byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _end;

    /// <summary>The next line without its end, valid until the next call; null at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">The line is too long.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancel)
    {
        var searched = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (at >= 0)
            {
                var line = _buffer.AsMemory(_start, searched + at);
                _start += searched + at + 1;
                return line;
            }

            searched = _end - _start;
            MakeRoom();
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancel).ConfigureAwait(false);
            if (read == 0)
                return null;   // what stands unfinished here was cut off by the sender: the next watch repeats it
            _end += read;
        }
    }

    private void MakeRoom()
    {
        if (_end < _buffer.Length)
            return;
        if (_start > 0)
        {
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            (_start, _end) = (0, _end - _start);
            return;
        }

        if (_buffer.Length >= maxLine)
            throw new InvalidDataException($"a line of more than {maxLine} bytes");
        Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}

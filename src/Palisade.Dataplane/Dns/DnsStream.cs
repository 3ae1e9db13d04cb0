using System.Buffers.Binary;

namespace Palisade.Dataplane.Dns;

/// <summary>
/// One direction of a TCP connection that carries messages, each behind its length (u16, big-endian; RFC 1035 §4.2.2),
/// put together from the segments as they pass: repeated ones are skipped, those that come too early wait.
/// </summary>
internal sealed class DnsStream
{
    /// <summary>One message of the greatest length with its prefix; as much again may wait.</summary>
    private const int MostBytes = 2 + ushort.MaxValue;
    private const int MostWaiting = 64;

    private readonly SortedDictionary<uint, byte[]> _waiting = [];
    private byte[] _bytes = [];
    private int _length;
    private uint _next;

    /// <param name="first">The sequence number of the first byte: that of the SYN, and one.</param>
    public DnsStream(uint first) => _next = first;

    /// <summary>Bytes that it holds.</summary>
    public int Held => _bytes.Length + _waiting.Values.Sum(segment => segment.Length);

    /// <summary>Something is missing for ever, or it is more than a message can be: nothing more comes of it.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Takes a segment, and gives the messages that are whole by it.</summary>
    public List<byte[]> Take(uint sequence, ReadOnlySpan<byte> payload)
    {
        var messages = new List<byte[]>();
        if (IsBroken || payload.IsEmpty)
            return messages;
        // Numbers wrap: how far a segment begins before (negative) or behind what is expected next.
        var ahead = unchecked((int)(sequence - _next));
        if (ahead > 0)
        {
            Wait(sequence, ahead, payload);
            return messages;
        }

        Append(ahead, payload);
        while (Ripe() is { } segment)
            Append(unchecked((int)(segment.Sequence - _next)), segment.Bytes);
        TakeMessages(messages);
        return messages;
    }

    private void Wait(uint sequence, int ahead, ReadOnlySpan<byte> payload)
    {
        if (ahead + payload.Length > MostBytes || _waiting.Count >= MostWaiting)
            Break();
        else if (!_waiting.TryGetValue(sequence, out var before) || before.Length < payload.Length)
            _waiting[sequence] = payload.ToArray();
    }

    private (uint Sequence, byte[] Bytes)? Ripe()
    {
        foreach (var (sequence, bytes) in _waiting)
        {
            if (unchecked((int)(sequence - _next)) > 0)
                continue;
            _waiting.Remove(sequence);
            return (sequence, bytes);
        }

        return null;
    }

    private void Append(int ahead, ReadOnlySpan<byte> payload)
    {
        if (IsBroken || ahead <= -payload.Length)
            return;
        var fresh = payload[-ahead..];
        if (_length + fresh.Length > 2 * MostBytes)
        {
            Break();
            return;
        }

        if (_length + fresh.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_length + fresh.Length, Math.Min(2 * _bytes.Length, 2 * MostBytes)));
        fresh.CopyTo(_bytes.AsSpan(_length));
        _length += fresh.Length;
        _next = unchecked(_next + (uint)fresh.Length);
    }

    private void TakeMessages(List<byte[]> messages)
    {
        var at = 0;
        while (_length - at >= 2)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(at));
            if (_length - at - 2 < length)
                break;
            messages.Add(_bytes.AsSpan(at + 2, length).ToArray());
            at += 2 + length;
        }

        _bytes = _bytes.AsSpan(at, _length - at).ToArray();
        _length -= at;
    }

    private void Break()
    {
        IsBroken = true;
        _waiting.Clear();
        (_bytes, _length) = ([], 0);
    }
}

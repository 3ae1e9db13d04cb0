using System.Collections.Immutable;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Flows;

/// <summary>What became of a batch of requests about connections.</summary>
/// <param name="Done">How many were carried out.</param>
/// <param name="Gone">How many connections were not there any more (ENOENT); no failure.</param>
/// <param name="Refused">The others, with the error number: EBUSY is an offloaded connection at deletion.</param>
public sealed record FlowOutcome(int Done, int Gone, ImmutableArray<(Flow Flow, int Errno)> Refused)
{
    /// <summary>Those whose packets bypass the hooks, so that the kernel refuses to delete them.</summary>
    public IEnumerable<Flow> Offloaded => Refused.Where(r => r.Errno == Errno.EBUSY).Select(r => r.Flow);
}

/// <summary>The connections (conntrack) of one network namespace: read, delete, mark.</summary>
/// <remarks>
/// It belongs to the namespace of the thread that created it (see <see cref="NetworkNamespace.Run{T}"/>); any thread
/// may use it afterwards, one at a time. Needs CAP_NET_ADMIN there.
/// </remarks>
public sealed class ConntrackSocket : IDisposable
{
    internal const ushort New = 1 << 8 | 0;
    internal const ushort Get = 1 << 8 | 1;
    internal const ushort DeleteType = 1 << 8 | 2;
    private const ushort GetStatistics = 1 << 8 | 5;

    // A datagram of requests: each may be answered by an error of about 1 kB of receive buffer (truesize), so that
    // all of them fit into the smallest default buffer, 212,992 bytes.
    private const int BatchSize = 128;
    private readonly NetlinkSocket _socket;
    private readonly NetlinkBuffer _buffer = new();
    private bool _isDumping;

    /// <summary>Opens a socket in the calling thread's namespace.</summary>
    public ConntrackSocket()
    {
        _socket = new(NetlinkConstants.Netfilter);
        _socket.EnsureReceiveBuffer(1024 * 1024);
    }

    /// <summary>
    /// Reads connections as they are taken: about 32 kB of them are in memory at a time. One that appears or ends
    /// meanwhile may or may not be in it, and one may come twice (the kernel walks a hash table that others change).
    /// </summary>
    /// <remarks>
    /// Until the enumeration ends, the socket does nothing else: collect what to delete, or use another socket.
    /// </remarks>
    public IEnumerable<Flow> Dump(FlowFilter? filter = null)
    {
        var sequence = BeginDump(filter);
        var part = new List<Flow>();
        var ended = false;
        try
        {
            while (!ended)
            {
                part.Clear();
                ReadPart(sequence, part, ref ended);
                foreach (var flow in part)
                {
                    if (filter is null || filter.Matches(flow))
                        yield return flow;
                }
            }
        }
        finally
        {
            while (!ended)   // left early: the kernel takes no other dump before this one has ended
            {
                part.Clear();
                ReadPart(sequence, part, ref ended);
            }

            _isDumping = false;
        }
    }

    /// <summary>
    /// Shows connections one by one as they are read, and keeps none: several times as fast as a dump. Addresses of
    /// IPv6 are not compared (see <see cref="Dump"/>): all of the family are shown. While it goes on, the visitor may
    /// use other sockets, not this one.
    /// </summary>
    /// <returns>How many were shown.</returns>
    public int Scan(FlowFilter? filter, FlowVisitor visit)
    {
        var sequence = BeginDump(filter);
        var (count, ended) = (0, false);
        try
        {
            while (!ended)
            {
                var reader = new MessageReader(NextPart(ref ended).Span);
                while (reader.Next())
                {
                    if (reader.Sequence != sequence)
                        continue;
                    if (IsEnd(reader, ref ended) || reader.Type != New)
                        continue;
                    count++;
                    visit(new FlowSight(reader.Payload[FlowWire.GenericHeader..]));
                }
            }
        }
        finally
        {
            while (!ended)
                ReadPart(sequence, [], ref ended);
            _isDumping = false;
        }

        return count;
    }

    /// <summary>How many connections the namespace has (IPCTNL_MSG_CT_GET_STATS), of all zones and families.</summary>
    public int Count()
    {
        var sequence = Begin(GetStatistics, NetlinkConstants.Ack, 0);
        _buffer.End();
        var answers = _socket.Request(_buffer, sequence, "get conntrack statistics");
        var reader = new AttributeReader(answers[0].Payload.AsSpan(FlowWire.GenericHeader));
        while (reader.Next())
        {
            if (reader.Type == 1)   // CTA_STATS_GLOBAL_ENTRIES
                return (int)reader.Big32;
        }

        return 0;
    }

    /// <summary>Deletes connections, each by tuple, zone and id, so that another one of the same tuple stays.</summary>
    public FlowOutcome Delete(IEnumerable<Flow> flows) => Each(flows, DeleteType, 0, flow =>
    {
        FlowWire.PutKey(_buffer, flow);
        if (flow.Id != 0)
            _buffer.PutBig32(12, flow.Id);
    });

    /// <summary>Sets the bits of the connection mark that are in the mask.</summary>
    public FlowOutcome SetMark(IEnumerable<Flow> flows, uint mark, uint mask = uint.MaxValue) =>
        Each(flows, New, 0, flow =>
        {
            FlowWire.PutKey(_buffer, flow);
            _buffer.PutBig32(8, mark);
            _buffer.PutBig32(21, mask);
        });

    /// <summary>
    /// Sets the labels that are in the mask. ENOSPC: the connection began when no rule of the namespace used labels,
    /// and has no room for any.
    /// </summary>
    public FlowOutcome SetLabels(IEnumerable<Flow> flows, UInt128 labels, UInt128 mask) =>
        Each(flows, New, 0, flow =>
        {
            FlowWire.PutKey(_buffer, flow);
            FlowWire.PutLabels(_buffer, 22, labels);
            FlowWire.PutLabels(_buffer, 23, mask);
        });

    /// <summary>Sets seconds until the connections are forgotten, from now on and until their next packet.</summary>
    public FlowOutcome SetTimeout(IEnumerable<Flow> flows, uint seconds) => Each(flows, New, 0, flow =>
    {
        FlowWire.PutKey(_buffer, flow);
        _buffer.PutBig32(7, seconds);
    });

    /// <summary>
    /// Sets status bits; none is ever taken back. Whether answers were seen and the connection is kept when the table
    /// is full may have changed since it was read: both are set, for the kernel refuses (EBUSY) to take them back.
    /// </summary>
    /// <param name="flows">The connections.</param>
    /// <param name="bits">For example <see cref="FlowStatus.FixedTimeout"/>.</param>
    /// <param name="leastSeconds">They are not forgotten earlier than this, as of now.</param>
    public FlowOutcome SetStatus(IEnumerable<Flow> flows, FlowStatus bits, uint leastSeconds) =>
        Each(flows, New, 0, flow =>
        {
            FlowWire.PutKey(_buffer, flow);
            _buffer.PutBig32(7, Math.Max(flow.Timeout, leastSeconds));
            const FlowStatus Kept = FlowStatus.SeenReply | FlowStatus.Assured | FlowStatus.Confirmed;
            _buffer.PutBig32(3, (uint)(bits | Kept | (flow.Status & FlowStatus.Expected)));
        });

    /// <summary>
    /// Replaces connections by the same without the status bits that <paramref name="without"/> names: with their
    /// translation, mark and labels; windows of TCP are not checked from then on. In between they are gone for some
    /// microseconds; what took the place of one meanwhile, in either direction, is refused here (EEXIST), and deleted
    /// by the next call.
    /// </summary>
    public FlowOutcome Restore(IEnumerable<Flow> flows, FlowStatus without)
    {
        var done = 0;
        var refused = ImmutableArray.CreateBuilder<(Flow, int)>();
        foreach (var chunk in flows.Chunk(BatchSize / 3))
        {
            _socket.Drain();
            _buffer.Clear();
            var first = _socket.NextSequence();
            for (var i = 0; i < chunk.Length; i++)
            {
                var flow = chunk[i];
                BeginMessage(DeleteType, 0, flow.Family, i == 0 ? first : _socket.NextSequence());
                FlowWire.PutKey(_buffer, flow);
                _buffer.End();
                BeginMessage(DeleteType, 0, flow.Family, _socket.NextSequence());
                FlowWire.PutKey(_buffer, flow with { Original = flow.Reply });
                _buffer.End();
                var ack = i == chunk.Length - 1 ? NetlinkConstants.Ack : 0;
                const int Create = NetlinkConstants.Create | NetlinkConstants.Exclusive;
                BeginMessage(New, Create | ack, flow.Family, _socket.NextSequence());
                PutAgain(flow, without);
                _buffer.End();
            }

            _socket.Send(_buffer.Written, 3 * chunk.Length);
            // Deletions that find nothing (ENOENT) are as good as done.
            var failures = ReadErrors(first, 3 * chunk.Length).Where(error => error.Index % 3 == 2).ToList();
            refused.AddRange(failures.Select(error => (chunk[error.Index / 3], error.Errno)));
            done += chunk.Length - failures.Count;
        }

        return new(done, 0, refused.ToImmutable());
    }

    /// <summary>
    /// Puts connections into the table as if their packets had come (for measurements and tests). EEXIST where a
    /// tuple is taken.
    /// </summary>
    public FlowOutcome Insert(IEnumerable<Flow> flows) =>
        Each(flows, New, NetlinkConstants.Create | NetlinkConstants.Exclusive, PutWhole);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private void PutAgain(Flow flow, FlowStatus without)
    {
        FlowWire.PutKey(_buffer, flow);
        FlowWire.PutTuple(_buffer, FlowWire.Reply, flow.IsTranslated ? flow.Original.Reversed : flow.Reply);
        if (flow.IsTranslated)
            FlowWire.PutTranslation(_buffer, flow);
        _buffer.PutBig32(7, flow.Timeout);
        _buffer.PutBig32(8, flow.Mark);
        var kept = flow.Status & (FlowStatus.SeenReply | FlowStatus.Assured) & ~without;
        _buffer.PutBig32(3, (uint)(kept | FlowStatus.Confirmed));
        if (flow.Labels != 0)
            FlowWire.PutLabels(_buffer, 22, flow.Labels);
        if (flow.Original.Protocol == 6)
            FlowWire.PutTcp(_buffer, flow, liberal: true);
        else if (flow.Sctp is { } association)
            FlowWire.PutSctp(_buffer, association);
    }

    private void PutWhole(Flow flow)
    {
        FlowWire.PutKey(_buffer, flow);
        var replyZone = flow.ZoneScope == ZoneScope.Reply ? flow.Zone : (ushort?)null;
        FlowWire.PutTuple(_buffer, FlowWire.Reply, flow.Reply, replyZone);
        _buffer.PutBig32(7, flow.Timeout);
        _buffer.PutBig32(8, flow.Mark);
        if (flow.Status != 0)
            _buffer.PutBig32(3, (uint)(flow.Status | FlowStatus.Confirmed));
        if (flow.Original.Protocol == 6)
            FlowWire.PutTcp(_buffer, flow, liberal: false);
    }

    /// <summary>One request for each, many to a datagram; only the last of a datagram asks for an ack.</summary>
    private FlowOutcome Each(IEnumerable<Flow> flows, ushort type, int flags, Action<Flow> put)
    {
        if (_isDumping)
            throw new InvalidOperationException("a dump is being read from this socket: end it, or use another");
        var done = 0;
        var gone = 0;
        var refused = ImmutableArray.CreateBuilder<(Flow, int)>();
        foreach (var chunk in flows.Chunk(BatchSize))
        {
            var first = FillBatch(chunk, type, flags, put);
            _socket.Send(_buffer.Written, chunk.Length);
            done += chunk.Length;
            foreach (var (index, errno) in ReadErrors(first, chunk.Length))
            {
                done--;
                if (errno == Errno.ENOENT)
                    gone++;
                else
                    refused.Add((chunk[index], errno));
            }
        }

        return new(done, gone, refused.ToImmutable());
    }

    /// <summary>Fills the buffer with requests of consecutive numbers; gives the first number.</summary>
    private uint FillBatch(Flow[] chunk, ushort type, int flags, Action<Flow> put)
    {
        _socket.Drain();
        _buffer.Clear();
        uint first = 0;
        for (var i = 0; i < chunk.Length; i++)
        {
            var sequence = _socket.NextSequence();
            first = i == 0 ? sequence : first;
            var ack = i == chunk.Length - 1 ? NetlinkConstants.Ack : 0;
            BeginMessage(type, flags | ack, chunk[i].Family, sequence);
            put(chunk[i]);
            _buffer.End();
        }

        return first;
    }

    private List<(int Index, int Errno)> ReadErrors(uint first, int count)
    {
        var errors = new List<(int, int)>();
        while (true)
        {
            var message = _socket.Receive();
            var index = unchecked(message.Sequence - first);
            if (message.Type != NetlinkConstants.Error || index >= count)
                continue;
            var errno = NetlinkError.Decode(message).Errno;
            if (errno != 0)
                errors.Add(((int)index, errno));
            if (index == count - 1)
                return errors;
        }
    }

    private uint BeginDump(FlowFilter? filter)
    {
        var sequence = Begin(Get, NetlinkConstants.Dump, filter?.Family ?? 0);
        FlowWire.PutFilter(_buffer, filter ?? FlowFilter.Everything);
        _buffer.End();
        _socket.Drain();
        _socket.Send(_buffer.Written, 1);
        _isDumping = true;
        return sequence;
    }

    /// <summary>Decodes the next datagram of a dump; after the last, or a failure, it has ended.</summary>
    private void ReadPart(uint sequence, List<Flow> part, ref bool ended)
    {
        var reader = new MessageReader(NextPart(ref ended).Span);
        while (reader.Next())
        {
            if (reader.Sequence != sequence || IsEnd(reader, ref ended))
                continue;
            if (reader.Type == New && FlowWire.Decode(reader.Payload) is { } flow)
                part.Add(flow);
        }
    }

    private ReadOnlyMemory<byte> NextPart(ref bool ended)
    {
        var datagram = _socket.ReceiveDatagram(TimeSpan.FromSeconds(30));
        ended = datagram.IsEmpty;
        return ended ? throw new KernelException("the kernel did not go on with a conntrack dump", 110) : datagram;
    }

    private static bool IsEnd(in MessageReader reader, ref bool ended)
    {
        if (reader.Type is not (NetlinkConstants.Done or NetlinkConstants.Error))
            return false;
        ended = true;
        return reader.ErrorNumber == 0
            ? true
            : throw new NetlinkException("dump conntrack", Refusal(reader.Copy(), reader.ErrorNumber));
    }

    private static NetlinkError Refusal(in NetlinkMessage message, int errno) =>
        message.Type == NetlinkConstants.Error
            ? NetlinkError.Decode(message)
            : new(errno, message.Sequence, null, null);

    private uint Begin(int type, int flags, byte family)
    {
        if (_isDumping)
            throw new InvalidOperationException("a dump is being read from this socket: end it, or use another");
        var sequence = _socket.NextSequence();
        _buffer.Clear();
        BeginMessage((ushort)type, flags, family, sequence);
        return sequence;
    }

    private void BeginMessage(ushort type, int flags, int family, uint sequence)
    {
        _buffer.Begin(type, (ushort)(flags | NetlinkConstants.Request), sequence);
        _buffer.Append([FlowWire.KernelFamily(family), 0, 0, 0]);
    }
}

using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;

namespace Palisade.Dataplane.FlowLog;

/// <summary>Records as JSON lines (docs/schemas/flows.json).</summary>
public static class FlowJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One object and a newline, UTF-8.</summary>
    public static byte[] Line(FlowRecord record)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Options))
            Write(json, record);
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Said to a reader who was too slow: so many records were overwritten before it took them.</summary>
    public static byte[] Missed(long count, DateTimeOffset now, string node) => Line(new()
    {
        Time = now,
        Node = node,
        Kind = FlowKind.Suppressed,
        Reason = "SlowReader",
        Text = $"{count} records were gone before they were read",
        Count = count,
    });

    private static void Write(Utf8JsonWriter json, FlowRecord record)
    {
        json.WriteStartObject();
        json.WriteString("time", record.Time.UtcDateTime.ToString(
            "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        json.WriteString("node", record.Node);
        json.WriteString("kind", record.Kind.ToString().ToLowerInvariant());
        if (record.Kind != FlowKind.Suppressed)
            WriteConnection(json, record);
        if (record.Reason.Length > 0)
            json.WriteString("reason", record.Reason);
        if (record.Side is { } side)
            WriteSide(json, side, record.RuleName);
        if (!record.AllowedBy.IsEmpty)
            WriteAllowed(json, record);
        if (record.Interface is { } name)
            json.WriteString("interface", name);
        if (record.Count > 0)
            json.WriteNumber("count", record.Count);
        WriteCounts(json, record);
        if (record.Generation > 0)
            json.WriteNumber("generation", record.Generation);
        if (record.Stale is { } stale)
            json.WriteString("stale", stale);
        if (record.Text.Length > 0)
            json.WriteString("text", record.Text);
        json.WriteEndObject();
    }

    private static void WriteConnection(Utf8JsonWriter json, FlowRecord record)
    {
        var denied = record.Dropped ? "deny" : "would-deny";
        json.WriteString("verdict", record.Kind == FlowKind.Denied ? denied : "allow");
        WriteEnd(json, "from", record.From);
        WriteEnd(json, "to", record.To);
        json.WriteString("protocol", record.Protocol);
        if (record.Icmp is var (type, code))
        {
            json.WriteStartObject("icmp");
            json.WriteNumber("type", type);
            json.WriteNumber("code", code);
            json.WriteEndObject();
        }

        if (record.Direction is { } direction)
            json.WriteString("direction", direction == Direction.Ingress ? "ingress" : "egress");
    }

    private static void WriteEnd(Utf8JsonWriter json, string name, FlowEnd? end)
    {
        if (end is null)
            return;
        json.WriteStartObject(name);
        json.WriteString("address", end.Address);
        if (end.Port is { } port)
            json.WriteNumber("port", port);
        if (end.Pod is { } pod)
        {
            json.WriteString("namespace", pod.Namespace);
            json.WriteString("pod", pod.Name);
        }

        if (end.Node.Length > 0)
            json.WriteString("node", end.Node);
        json.WriteEndObject();
    }

    private static void WriteSide(Utf8JsonWriter json, Side side, string ruleName)
    {
        json.WriteString("tier", side.Tier);
        if (side.DeniedBy is { } rule)
        {
            json.WriteStartObject("deniedBy");
            WriteRule(json, rule.Policy, rule.Rule);
            if (ruleName.Length > 0)
                json.WriteString("ruleName", ruleName);
            if (rule.FailsClosed)
                json.WriteBoolean("failsClosed", true);
            json.WriteEndObject();
        }

        if (!side.IsolatedBy.IsEmpty)
        {
            json.WriteStartArray("isolatedBy");
            foreach (var policy in side.IsolatedBy.Take(FlowRecord.PolicyLimit))
            {
                json.WriteStartObject();
                WritePolicy(json, PolicyRef.Of(policy));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("isolatedByCount", side.IsolatedBy.Length);
        }

        if (side.NearMisses.IsEmpty)
            return;
        json.WriteStartArray("nearMiss");
        foreach (var miss in side.NearMisses)
        {
            json.WriteStartObject();
            WriteRule(json, PolicyRef.Of(miss.Policy), miss.Rule);
            json.WriteStartArray("failed");
            foreach (var part in miss.Failed)
                json.WriteStringValue(part.ToString());
            json.WriteEndArray();
            json.WriteString("text", miss.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteAllowed(Utf8JsonWriter json, FlowRecord record)
    {
        json.WriteStartArray("allowedBy");
        foreach (var match in record.AllowedBy)
        {
            json.WriteStartObject();
            WriteRule(json, match.Policy, match.Rule);
            json.WriteString("direction", match.Direction == Direction.Ingress ? "ingress" : "egress");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteCounts(Utf8JsonWriter json, FlowRecord record)
    {
        if (record.Counts is not { } counts)
            return;
        json.WriteNumber("bytesSent", counts.OriginalBytes);
        json.WriteNumber("bytesReceived", counts.ReplyBytes);
        json.WriteNumber("packetsSent", counts.OriginalPackets);
        json.WriteNumber("packetsReceived", counts.ReplyPackets);
    }

    private static void WriteRule(Utf8JsonWriter json, PolicyRef policy, int rule)
    {
        WritePolicy(json, policy);
        json.WriteNumber("rule", rule);
    }

    private static void WritePolicy(Utf8JsonWriter json, PolicyRef policy)
    {
        json.WriteString("kind", policy.Kind.ToString());
        if (!policy.IsOfCluster)
            json.WriteString("namespace", policy.Namespace);
        json.WriteString("name", policy.Name);
    }
}

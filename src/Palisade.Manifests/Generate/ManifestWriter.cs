using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Manifests.Generate;

/// <summary>
/// Writes a snapshot as manifests: each object one line of JSON after a line --- (JSON is YAML, so kubectl and
/// explain -f - read it). Read back they are an equal snapshot, but for origins. Services are not written: no shape
/// has any.
/// </summary>
/// <remarks>
/// The separators keep each object a document of its own: readers bound the size of one document, and what begins with
/// a brace is one document to the end.
/// </remarks>
public static class ManifestWriter
{
    // A cluster has hundreds of thousands of objects; they go out in pieces of this size, in bytes.
    private const int Piece = 64 * 1024;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes every object, in the snapshot's order. Memory does not grow with their number.</summary>
    public static void Write(Stream stream, ClusterSnapshot snapshot)
    {
        var output = new Output(stream);
        using var json = new Utf8JsonWriter(output.Buffer, Options);
        foreach (var ns in snapshot.Namespaces)
            Document(output, json, "v1", "Namespace", null, ns.Name, ns.Labels, null);
        foreach (var node in snapshot.Nodes)
            Document(output, json, "v1", "Node", null, node.Name, node.Labels, null, () => NodeStatus(json, node));
        foreach (var pod in snapshot.Endpoints)
        {
            Document(output, json, "v1", "Pod", pod.Namespace, pod.Name, pod.Labels,
                () => Owner(json, pod), () => PodSpec(json, pod), () => PodStatus(json, pod));
        }

        foreach (var policy in snapshot.NetworkPolicies)
        {
            Document(output, json, "networking.k8s.io/v1", "NetworkPolicy", policy.Namespace, policy.Name,
                LabelSet.Empty, null, () => PolicySpec(json, policy));
        }

        output.Send();
    }

    // Utf8JsonWriter over a stream would flush the stream after each object.
    private sealed record Output(Stream Stream)
    {
        public ArrayBufferWriter<byte> Buffer { get; } = new(2 * Piece);

        public void Send()
        {
            Stream.Write(Buffer.WrittenSpan);
            Buffer.ResetWrittenCount();
        }
    }

    private static void Document(
        Output output, Utf8JsonWriter json, string apiVersion, string kind, string? ns, string name, LabelSet labels,
        Action? metadata, params ReadOnlySpan<Action> members)
    {
        output.Buffer.Write("---\n"u8);
        json.WriteStartObject();
        json.WriteString("apiVersion", apiVersion);
        json.WriteString("kind", kind);
        json.WriteStartObject("metadata");
        json.WriteString("name", name);
        if (ns is not null)
            json.WriteString("namespace", ns);
        if (labels.Pairs.Length > 0)
            Labels(json, "labels", labels);
        metadata?.Invoke();
        json.WriteEndObject();
        foreach (var member in members)
            member();
        json.WriteEndObject();
        json.Flush();
        json.Reset();
        output.Buffer.Write("\n"u8);
        if (output.Buffer.WrittenCount > Piece)
            output.Send();
    }

    private static void Labels(Utf8JsonWriter json, string name, LabelSet labels)
    {
        json.WriteStartObject(name);
        foreach (var (key, value) in labels.Pairs)
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void NodeStatus(Utf8JsonWriter json, Node node)
    {
        json.WriteStartObject("status");
        json.WriteStartArray("addresses");
        foreach (var address in node.Addresses)
        {
            json.WriteStartObject();
            json.WriteString("type", "InternalIP");
            json.WriteString("address", address.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    // A Deployment's pod belongs to a ReplicaSet named after the Deployment and the template's hash.
    private static void Owner(Utf8JsonWriter json, Endpoint pod)
    {
        if (pod.Workload.Kind == "Pod")
            return;
        var hash = pod.Labels.ValueOf("pod-template-hash");
        var (kind, name) = pod.Workload.Kind == "Deployment" && hash is not null
            ? ("ReplicaSet", $"{pod.Workload.Name}-{hash}")
            : (pod.Workload.Kind, pod.Workload.Name);
        json.WriteStartArray("ownerReferences");
        json.WriteStartObject();
        json.WriteString("apiVersion", "apps/v1");
        json.WriteString("kind", kind);
        json.WriteString("name", name);
        json.WriteString("uid", $"{pod.Namespace}-{name}");
        json.WriteBoolean("controller", true);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void PodSpec(Utf8JsonWriter json, Endpoint pod)
    {
        json.WriteStartObject("spec");
        if (pod.Node.Length > 0)
            json.WriteString("nodeName", pod.Node);
        if (pod.HostNetwork)
            json.WriteBoolean("hostNetwork", true);
        json.WriteStartArray("containers");
        json.WriteStartObject();
        json.WriteString("name", "main");
        json.WriteString("image", "pause");
        if (!pod.NamedPorts.IsEmpty)
            NamedPorts(json, pod);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void NamedPorts(Utf8JsonWriter json, Endpoint pod)
    {
        json.WriteStartArray("ports");
        foreach (var port in pod.NamedPorts)
        {
            json.WriteStartObject();
            json.WriteString("name", port.Name);
            json.WriteNumber("containerPort", port.Number);
            json.WriteString("protocol", port.Protocol.Spelling());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void PodStatus(Utf8JsonWriter json, Endpoint pod)
    {
        json.WriteStartObject("status");
        json.WriteString("phase", "Running");
        json.WriteStartArray("podIPs");
        foreach (var address in pod.Addresses)
        {
            json.WriteStartObject();
            json.WriteString("ip", address.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void PolicySpec(Utf8JsonWriter json, NetworkPolicy policy)
    {
        json.WriteStartObject("spec");
        Selector(json, "podSelector", policy.Subject);
        json.WriteStartArray("policyTypes");
        if (policy.IsolatesIngress)
            json.WriteStringValue("Ingress");
        if (policy.IsolatesEgress)
            json.WriteStringValue("Egress");
        json.WriteEndArray();
        Rules(json, "ingress", "from", policy.Ingress.AsSpan());
        Rules(json, "egress", "to", policy.Egress.AsSpan());
        json.WriteEndObject();
    }

    private static void Rules(Utf8JsonWriter json, string name, string peers, ReadOnlySpan<PolicyRule> rules)
    {
        if (rules.IsEmpty)
            return;
        json.WriteStartArray(name);
        foreach (var rule in rules)
        {
            json.WriteStartObject();
            if (!rule.AnyPeer)
            {
                json.WriteStartArray(peers);
                foreach (var peer in rule.Peers)
                    Peer(json, peer);
                json.WriteEndArray();
            }

            if (!rule.AnyPort)
            {
                json.WriteStartArray("ports");
                foreach (var port in rule.Ports)
                    Port(json, port);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Peer(Utf8JsonWriter json, PolicyPeer peer)
    {
        json.WriteStartObject();
        switch (peer)
        {
            case PodPeer pods:
                if (pods.Namespaces is not null)
                    Selector(json, "namespaceSelector", pods.Namespaces);
                Selector(json, "podSelector", pods.Pods);
                break;
            case BlockPeer block:
                json.WriteStartObject("ipBlock");
                json.WriteString("cidr", block.Block.ToString());
                if (!block.Except.IsEmpty)
                {
                    json.WriteStartArray("except");
                    foreach (var except in block.Except)
                        json.WriteStringValue(except.ToString());
                    json.WriteEndArray();
                }

                json.WriteEndObject();
                break;
        }

        json.WriteEndObject();
    }

    private static void Port(Utf8JsonWriter json, PolicyPort port)
    {
        json.WriteStartObject();
        json.WriteString("protocol", port.Protocol.Spelling());
        if (port.Name is not null)
            json.WriteString("port", port.Name);
        else if ((port.First, port.Last) is not (0, ushort.MaxValue))
        {
            json.WriteNumber("port", port.First);
            if (port.Last != port.First)
                json.WriteNumber("endPort", port.Last);
        }

        json.WriteEndObject();
    }

    private static void Selector(Utf8JsonWriter json, string name, LabelSelector selector)
    {
        json.WriteStartObject(name);
        if (selector.Requirements.All(r => r is { Operator: SelectorOperator.In, Values.Length: 1 })
            && selector.Requirements.Select(r => r.Key).Distinct().Count() == selector.Requirements.Length)
        {
            if (!selector.SelectsEverything)
                Labels(json, "matchLabels", LabelSet.Of(
                    selector.Requirements.Select(r => KeyValuePair.Create(r.Key, r.Values[0]))));
        }
        else
        {
            Expressions(json, selector);
        }

        json.WriteEndObject();
    }

    private static void Expressions(Utf8JsonWriter json, LabelSelector selector)
    {
        json.WriteStartArray("matchExpressions");
        foreach (var requirement in selector.Requirements)
        {
            json.WriteStartObject();
            json.WriteString("key", requirement.Key);
            json.WriteString("operator", requirement.Operator.ToString());
            if (!requirement.Values.IsEmpty)
            {
                json.WriteStartArray("values");
                foreach (var value in requirement.Values)
                    json.WriteStringValue(value);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

using System.Text.Json;
using Palisade.Cli.Input;
using Palisade.Kubernetes.Convert;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Cli.Output;

/// <summary>Answers as JSON; the shape is docs/schemas/explain.json.</summary>
internal static class ExplanationJson
{
    /// <summary>The members of an answer, into an object that is already open.</summary>
    public static void WriteMembers(Utf8JsonWriter json, Answer answer)
    {
        var question = answer.Question;
        json.WriteString("from", question.From.ToString());
        json.WriteString("to", question.To.ToString());
        WritePort(json, question.Protocol, question.Port);
        json.WriteNumber("family", (int)question.Family);
        json.WriteString("verdict", Text(answer.Verdict));
        var deciding = answer.Deciding.Explanation;
        WriteSide(json, "egress", deciding.Egress);
        WriteSide(json, "ingress", deciding.Ingress);
        if (question.To.Form == EndpointForm.Service)
            WriteBackends(json, answer);
        json.WriteStartArray("notes");
        foreach (var note in answer.Notes)
            json.WriteStringValue(note);
        json.WriteEndArray();
    }

    /// <summary>The members protocol and port: a number, a name, or null where the protocol has none.</summary>
    public static void WritePort(Utf8JsonWriter json, Protocol protocol, string port)
    {
        json.WriteString("protocol", Question.Spelling(protocol));
        if (port.Length == 0)
            json.WriteNull("port");
        else if (ushort.TryParse(port, out var number))
            json.WriteNumber("port", number);
        else
            json.WriteString("port", port);
    }

    /// <summary>The member diagnostics: what was said about the input on standard error.</summary>
    public static void WriteDiagnostics(Utf8JsonWriter json, IEnumerable<Diagnostic> diagnostics)
    {
        json.WriteStartArray("diagnostics");
        foreach (var diagnostic in diagnostics)
        {
            json.WriteStartObject();
            json.WriteString("id", diagnostic.Id);
            json.WriteString("severity", diagnostic.Severity == Severity.Error ? "error" : "warning");
            if (diagnostic.Object is { } about)
                json.WriteString("object", about);
            json.WriteString("text", diagnostic.Text);
            WriteOrigin(json, diagnostic.At);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>allow or deny.</summary>
    public static string Text(Verdict verdict) => verdict == Verdict.Allow ? "allow" : "deny";

    private static void WriteBackends(Utf8JsonWriter json, Answer answer)
    {
        json.WriteStartArray("backends");
        foreach (var backend in answer.Connections)
        {
            json.WriteStartObject();
            json.WriteString("to", backend.To);
            json.WriteNumber("port", backend.Connection.Port);
            json.WriteString("verdict", Text(backend.Explanation.Verdict));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteSide(Utf8JsonWriter json, string name, Side side)
    {
        json.WriteStartObject(name);
        json.WriteString("verdict", Text(side.Verdict));
        json.WriteString("tier", side.Tier);
        json.WriteString("reason", side.Reason.ToString());
        json.WriteStartArray("isolatedBy");
        foreach (var policy in side.IsolatedBy)
        {
            json.WriteStartObject();
            WritePolicy(json, PolicyRef.Of(policy));
            WriteOrigin(json, policy.Origin);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteMatch(json, "allowedBy", side.AllowedBy);
        WriteMatch(json, "deniedBy", side.DeniedBy);
        json.WriteStartArray("passedBy");
        foreach (var pass in side.PassedBy)
            WriteMatch(json, pass);
        json.WriteEndArray();
        json.WriteStartArray("nearMiss");
        foreach (var miss in side.NearMisses)
        {
            json.WriteStartObject();
            WritePolicy(json, PolicyRef.Of(miss.Policy));
            WriteRule(json, miss.Rule, miss.Peer, miss.Port);
            json.WriteStartArray("failed");
            foreach (var part in miss.Failed)
                json.WriteStringValue(part.ToString());
            json.WriteEndArray();
            json.WriteString("text", miss.Text);
            WriteOrigin(json, miss.Origin);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMatch(Utf8JsonWriter json, string name, RuleMatch? match)
    {
        if (match is null)
            return;
        json.WritePropertyName(name);
        WriteMatch(json, match);
    }

    private static void WriteMatch(Utf8JsonWriter json, RuleMatch match)
    {
        json.WriteStartObject();
        WritePolicy(json, match.Policy);
        WriteRule(json, match.Rule, match.Peer, match.Port);
        if (match.FailsClosed)
            json.WriteBoolean("failsClosed", true);
        WriteOrigin(json, match.Origin);
        json.WriteEndObject();
    }

    private static void WritePolicy(Utf8JsonWriter json, PolicyRef policy)
    {
        json.WriteString("kind", policy.Kind.ToString());
        if (policy.IsOfCluster)
            json.WriteNull("namespace");
        else
            json.WriteString("namespace", policy.Namespace);
        json.WriteString("name", policy.Name);
    }

    private static void WriteRule(Utf8JsonWriter json, int rule, int? peer, int? port)
    {
        json.WriteNumber("rule", rule);
        WriteIndex(json, "peer", peer);
        WriteIndex(json, "port", port);
    }

    private static void WriteIndex(Utf8JsonWriter json, string name, int? index)
    {
        if (index is { } number)
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    private static void WriteOrigin(Utf8JsonWriter json, SourceLocation origin)
    {
        if (!origin.IsKnown)
            return;
        json.WriteString("file", origin.File);
        json.WriteNumber("line", origin.Line);
    }
}

using System.Collections.Immutable;
using System.Text.Json;
using Palisade.Lab.Connect;

namespace Palisade.Cli.Input;

/// <summary>What the real connections of one question met.</summary>
/// <param name="Reached">Every other side answered, be it with a refusal: no policy dropped the packets.</param>
/// <param name="Text">HTTP 200 web, refused, timeout …; of several, the first that got no answer.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="Problem">Why it could not be tried at all; null otherwise.</param>
internal sealed record LiveAnswer(bool Reached, string Text, double Milliseconds, string? Problem)
{
    /// <summary>The answer of the connections of a question.</summary>
    public static LiveAnswer Of(Answer answer, ImmutableArray<ConnectAnswer> met)
    {
        var at = Math.Max(0, met.ToList().FindIndex(one => !one.Reached));
        var (shown, backend) = (met[at], met.Length > 1 ? $"{answer.Connections[at].To}: " : "");
        var late = met.Any(one => one.IsBehind) ? " (a node is behind the API server: its policies may be older)" : "";
        return new(met.All(one => one.Reached), backend + shown.Answer + late, shown.Milliseconds, shown.Error);
    }

    /// <summary>"live": {verdict, answer, milliseconds}.</summary>
    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject("live");
        json.WriteString("verdict", Reached ? "allow" : "deny");
        json.WriteString("answer", Text);
        json.WriteNumber("milliseconds", Math.Round(Milliseconds, 3));
        json.WriteEndObject();
    }
}

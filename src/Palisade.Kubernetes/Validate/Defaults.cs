using System.Text;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>Defaults written down as JSON: what an object does not say, it says so.</summary>
internal static class Defaults
{
    /// <summary>Defaults as a tree; the text is the program's own.</summary>
    public static WireObject Parse(string json) => (WireObject)WireJson.Parse(Encoding.UTF8.GetBytes(json)).Value!;

    /// <summary>
    /// The object with the members it lacks, in objects within it too. What is filled in stands where its holder does.
    /// </summary>
    public static WireObject Fill(WireObject value, WireObject defaults)
    {
        foreach (var member in defaults.Members)
        {
            switch (value[member.Name])
            {
                case null or WireNull:
                    value = value.With(member.Name, Placed(member.Value, value.At));
                    break;
                case WireObject inner when member.Value is WireObject further:
                    value = value.With(member.Name, Fill(inner, further));
                    break;
            }
        }

        return value;
    }

    /// <summary>The object with a member changed, if it has it and it is an object.</summary>
    public static WireObject Within(WireObject holder, string name, Func<WireObject, WireObject> change) =>
        holder[name] is WireObject inner ? holder.With(name, change(inner)) : holder;

    /// <summary>The object with the objects of a list changed, if it has one.</summary>
    public static WireObject Each(WireObject holder, string name, Func<WireObject, WireObject> change) =>
        holder[name] is WireArray list
            ? holder.With(name, list with
            {
                Items = [.. list.Items.Select(item => item is WireObject inner ? change(inner) : item)],
            })
            : holder;

    private static WireValue Placed(WireValue value, Position at) => value switch
    {
        WireObject o => new WireObject([.. o.Members.Select(m => new WireMember(m.Name, at, Placed(m.Value, at)))], at),
        WireArray list => new WireArray([.. list.Items.Select(item => Placed(item, at))], at),
        _ => value with { At = at },
    };
}

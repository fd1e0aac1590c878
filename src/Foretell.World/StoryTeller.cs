namespace Foretell.World;

/// <summary>Stories of one or two plots around the same two people.</summary>
internal static class StoryTeller
{
    public static WorldDocument Write(WorldDraw draw)
    {
        Tale tale = Tell(draw, draw.Random.Below(5) < 3 ? 1 : 2);
        (tale.Text.A, tale.Text.B) = (tale.Hero, tale.Friend);
        if (draw.Random.Below(3) > 0)
        {
            tale.Say(tale.AreTogether && draw.Random.OneIn(2) ? StoryTemplates.EndingsTogether : StoryTemplates.EndingsAlone);
        }
        return new WorldDocument(DocumentKind.Story, tale.Text.ToString(), new StoryTruth(tale.Facts, tale.FinalState()));
    }

    /// <summary>Tells that many plots, no two of the same sort.</summary>
    public static Tale Tell(WorldDraw draw, int plots)
    {
        var tale = new Tale(draw);
        int first = draw.Random.Below(StoryPlots.All.Length);
        int step = draw.Random.Between(1, 3);
        for (int i = 0; i < plots; i++)
        {
            StoryPlots.All[(first + (i * step)) % StoryPlots.All.Length](tale);
        }
        return tale;
    }
}
